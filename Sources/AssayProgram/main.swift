import AssayCommands

EmbeddedCommand.run(Array(CommandLine.arguments.dropFirst()))
