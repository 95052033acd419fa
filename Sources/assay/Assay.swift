import ArgumentParser
import Glibc

struct Assay: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "assay",
        abstract: "Score what language models write.",
        version: version,
        subcommands: [
            ScoreCommand.self, MergeCommand.self, EvaluateCommand.self, CompareCommand.self, AgreeCommand.self,
            ReportCommand.self,
            ServeCommand.self,
            BatchCommand.self, BatchesCommand.self, EvalHubJobCommand.self,
            ClientCommand.self, BenchmarksCommand.self, FunctionsCommand.self, PluginsCommand.self,
            VersionCommand.self,
        ])

    /// - Parameter arguments: without the name of the program.
    static func run(_ arguments: [String]) -> Never {
        prepareProcess()
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            Glibc.exit(0)
        } catch {
            end(with: error)
        }
    }

    /// Ends the program as ArgumentParser does, but prints the reason with `printError`.
    private static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if code.isSuccess {
            if !message.isEmpty { try? printOutput(message + "\n") }
        } else if !message.isEmpty {
            printError(message)
        }
        Glibc.exit(code.rawValue)
    }

    private static func prepareProcess() {
        // If a standard stream is closed, the next file to be opened would get its number, and messages would be written
        // to that file. So the number is given to a descriptor that fails as the closed one would: /dev/null, opened
        // for the wrong direction.
        for stream in 0...2 where fcntl(Int32(stream), F_GETFD) < 0 {
            _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
        // Writing to a closed pipe, or beyond a limit, is an error to report, not a reason to die silently.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // If the parent process ignores SIGCHLD, the kernel discards the exit status of this program's children.
        signal(SIGCHLD, SIG_DFL)
    }
}
