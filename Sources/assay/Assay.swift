import ArgumentParser
import Glibc

@main
struct Assay: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "assay",
        abstract: "Score what language models write.",
        version: version,
        subcommands: [
            ScoreCommand.self, EvaluateCommand.self, ServeCommand.self, ClientCommand.self, FunctionsCommand.self,
            PluginsCommand.self, VersionCommand.self,
        ])

    static func main() {
        prepareProcess()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Ends the program as ArgumentParser does, but says why through `printError`.
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
        // In place of a standard stream that is closed, the next file that is opened would get its number, and messages
        // would end up in that. So it gets one that fails, as the closed one would: it is opened the wrong way round.
        for stream in 0...2 where fcntl(Int32(stream), F_GETFD) < 0 {
            _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
        // Writing to a closed pipe, or beyond a limit, is an error to report and not a reason to vanish.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // Where whoever started this ignores it, the kernel would forget how programs ended that are started here.
        signal(SIGCHLD, SIG_DFL)
    }
}
