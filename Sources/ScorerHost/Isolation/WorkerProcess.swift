import CScorerPlugin
import CWorkerProtocol
import Concurrency
import Glibc
import Platform

/// A worker process with a plugin in it. Each function is one command, and returns when the worker has done it.
///
/// A function that throws `WorkerLoss` leaves the worker dead. What the others give lies in `records` until the next.
///
/// `@unchecked Sendable`: used by one thread at a time, which the pool sees to.
package final class WorkerProcess: @unchecked Sendable {
    /// A call's place in a worker.
    struct CallPlace {
        var number: UInt64
        var batch: Segment
    }

    /// What it wrote to its standard output and standard error.
    private(set) var standardOutput = StreamCapture()
    private(set) var standardErrors = StreamCapture()
    /// How it was lost, once it was.
    private(set) var loss: WorkerLoss?
    /// Calls in it that wait for replies.
    private(set) var openCalls = 0
    /// Instances that have been made in it.
    var instances: Set<UInt64> = []

    private let path: String
    private let process: ChildProcess
    private let memory: OutputMemory
    private let settings: WorkerSettings
    private var received = RecordMemory()
    private var lastSerial: UInt64 = 0
    private var lastSegment: UInt64 = 0
    private var spareSegments: [Segment] = []

    /// Starts a worker, which begins to load a plugin.
    init(running path: String, _ settings: WorkerSettings) throws(WorkerLoss) {
        guard let memory = OutputMemory() else {
            throw .unavailable("no memory to share with it: \(systemMessage())")
        }
        self.path = path
        process = try ChildProcess(
            try settings.findExecutable(), plugin: path, addressSpace: settings.addressSpace, memory: memory.descriptor)
        memory.wasHandedOver()
        self.memory = memory
        self.settings = settings
    }

    /// Waits until the plugin is loaded.
    ///
    /// - Throws: `WorkerLoss`, or `PluginError` where the file is no plugin for this host.
    func load() throws -> PluginDescription {
        let status = try finish(0, StepWatch(rowCount: 0, settings.cancellation ?? Cancellation()))
        var fault = "no reason was given"
        var reader = RecordReader(records)
        while let (record, rest) = reader.next() {
            if record.kind == UInt32(AW_TEXT), record.type == UInt32(AW_TEXT_FAULT) { fault = String(shortened: rest) }
        }
        switch Int(status) {
        case AW_LOADED: break
        case AW_NO_SANDBOX: throw WorkerLoss.unavailable(fault)
        case AW_NOT_LOADABLE: throw PluginError(path: path, LoadFault.notLoadable(fault).message)
        case AW_NO_ENTRY: throw PluginError(path: path, LoadFault.noEntry.message)
        default: throw PluginError(path: path, LoadFault.noTable.message)
        }
        do throws(TableFault) {
            return try TableReader(records).pluginDescription()
        } catch {
            throw PluginError(path: path, error.message)
        }
    }

    /// What the last command gave, in memory of this process.
    var records: UnsafeRawBufferPointer { received.bytes }

    /// Lines of its standard streams that have not been asked for yet.
    func newLines(isAtEnd: Bool) -> [PluginEvent] {
        standardOutput.newLines(isAtEnd: isAtEnd).map { .wrote(.output, $0) }
            + standardErrors.newLines(isAtEnd: isAtEnd).map { .wrote(.errors, $0) }
    }

    // MARK: Commands

    /// Makes an instance.
    ///
    /// - Returns: the status of the plugin's `create`; the records tell the rest.
    func create(_ instance: UInt64, scorer: Int, configuration: String) throws(WorkerLoss) -> assay_status {
        var configuration = configuration
        let segment = try takeSegment(configuration.utf8.count)
        configuration.withUTF8 { bytes in
            if let start = bytes.baseAddress { segment.base.copyMemory(from: start, byteCount: bytes.count) }
        }
        var command = command(AW_CREATE)
        command.instance = instance
        command.count = UInt64(scorer)
        command.length = UInt64(configuration.utf8.count)
        let status = try run(command, segment)
        if status == ASSAY_OK { instances.insert(instance) }
        giveBack(segment)
        return status
    }

    func destroy(_ instance: UInt64) throws(WorkerLoss) {
        guard instances.remove(instance) != nil else { return }
        var command = command(AW_DESTROY)
        command.instance = instance
        _ = try run(command, nil)
    }

    /// Has an instance compute its aggregations.
    ///
    /// - Returns: the status of the plugin's `finalize`; the records tell the rest.
    func finalize(_ instance: UInt64, _ sums: [Double], rows: Int) throws(WorkerLoss) -> assay_status {
        let segment = try takeSegment(8 * sums.count)
        sums.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { segment.base.copyMemory(from: start, byteCount: bytes.count) }
        }
        var command = command(AW_FINALIZE)
        command.instance = instance
        command.count = UInt64(rows)
        command.length = UInt64(sums.count)
        let status = try run(command, segment)
        giveBack(segment)
        return status
    }

    /// Runs the first step of a call.
    ///
    /// - Returns: the status of the plugin's `step`, and the place of the call where that is ASSAY_PENDING.
    func start(
        _ number: UInt64, of instance: UInt64, _ batch: BatchWriter, _ watch: StepWatch
    ) throws(WorkerLoss) -> (status: assay_status, place: CallPlace?) {
        let segment = try takeSegment(batch.byteCount)
        batch.write(to: segment.base)
        var command = command(AW_START)
        command.instance = instance
        command.call = number
        let status = try run(command, segment, watch)
        if status == ASSAY_PENDING {
            openCalls += 1
            return (status, CallPlace(number: number, batch: segment))
        }
        giveBack(segment)
        return (status, nil)
    }

    /// Runs a step with replies. Where it does not return ASSAY_PENDING, the call is gone.
    func deliver(_ replies: [ModelReply], to place: CallPlace, _ watch: StepWatch) throws(WorkerLoss) -> assay_status {
        let writer = ReplyWriter(replies)
        let segment = try takeSegment(writer.byteCount)
        writer.write(to: segment.base)
        var command = command(AW_REPLIES)
        command.call = place.number
        command.count = UInt64(replies.count)
        let status = try run(command, segment, watch)
        giveBack(segment)
        if status != ASSAY_PENDING {
            openCalls -= 1
            giveBack(place.batch)
        }
        return status
    }

    /// Ends a call that waits for replies.
    func free(_ place: CallPlace) throws(WorkerLoss) {
        var command = command(AW_FREE)
        command.call = place.number
        _ = try run(command, nil)
        openCalls -= 1
        giveBack(place.batch)
    }

    /// Its threads and processor time so far; nil if the system does not tell.
    var usage: ProcessUsage? { process.usage }

    /// Ends it, for a reason that is none of the plugin's steps.
    func end() { process.kill() }

    /// What the plugin has done to its process so far. What it has written to its standard streams is read.
    func probe() throws(WorkerLoss) -> WorkerProbe {
        _ = try run(command(AW_PROBE), nil)
        standardOutput.read(from: process.ends.output)
        standardErrors.read(from: process.ends.errors)
        return WorkerProbe(records, process: process.ends.pid)
    }

    /// Runs calls on the same batch, each in a thread of its own.
    ///
    /// - Returns: the first row whose results are not the same in all of them; nil if there is none.
    func race(_ threadCount: Int, of instance: UInt64, _ batch: BatchWriter) throws(WorkerLoss) -> Int? {
        let segment = try takeSegment(batch.byteCount)
        batch.write(to: segment.base)
        var command = command(AW_RACE)
        command.instance = instance
        command.count = UInt64(threadCount)
        _ = try run(command, segment)
        giveBack(segment)
        var reader = RecordReader(records)
        while let (record, _) = reader.next() {
            if record.kind == UInt32(AW_RACED) { return Int(exactly: record.first) }
        }
        return nil
    }

    private func command(_ kind: Int) -> aw_message {
        var command = aw_message()
        command.kind = UInt32(kind)
        lastSerial += 1
        command.serial = lastSerial
        return command
    }

    private func run(
        _ command: aw_message, _ segment: Segment?, _ watch: StepWatch? = nil
    ) throws(WorkerLoss) -> Int32 {
        let watch = watch ?? StepWatch(rowCount: 0, settings.cancellation ?? Cancellation())
        var command = command
        memory.setCancelled(watch.cancellation.isCancelled)
        received.removeAll()
        if let segment {
            command.segment = segment.number
            command.segment_size = segment.descriptor >= 0 ? UInt64(segment.size) : 0
        }
        guard Exchange(process, memory, settings).send(command, segment?.descriptor ?? -1) else {
            throw lost(process.end())
        }
        if let segment, segment.descriptor >= 0 { segment.wasHandedOver() }
        return try finish(command.serial, watch)
    }

    /// Waits for the answer to a command that was sent, and checks what came with it.
    private func finish(_ serial: UInt64, _ watch: StepWatch) throws(WorkerLoss) -> Int32 {
        let exchange = Exchange(process, memory, settings)
        switch exchange.wait(for: serial, watch, &received, &standardOutput, &standardErrors) {
        case .success(let status):
            guard let fault = RecordReader.fault(in: records, rowCount: watch.rowCount) else { return status }
            process.kill()
            throw lost(.misbehaved(fault))
        case .failure(let loss): throw lost(loss)
        }
    }

    private func lost(_ loss: WorkerLoss) -> WorkerLoss {
        self.loss = loss
        standardOutput.read(from: process.ends.output)
        standardErrors.read(from: process.ends.errors)
        return loss
    }

    /// What can be told of it so far.
    var report: WorkerReport {
        WorkerReport(
            process: process.ends.pid, loss: loss, standardOutput: standardOutput.bytes,
            standardErrors: standardErrors.bytes)
    }

    // MARK: Segments

    private func takeSegment(_ byteCount: Int) throws(WorkerLoss) -> Segment {
        if let index = spareSegments.lastIndex(where: { $0.size >= byteCount }) {
            return spareSegments.remove(at: index)
        }
        lastSegment += 1
        guard let segment = Segment(lastSegment, byteCount: byteCount) else {
            throw .unavailable("no memory for \(byteCount) bytes of rows: \(systemMessage())")
        }
        return segment
    }

    /// Keeps a segment for the next use, unless there are enough, or it is as large as few batches are.
    private func giveBack(_ segment: Segment) {
        if spareSegments.count < 4 && segment.size <= Segment.mostKept {
            spareSegments.append(segment)
            return
        }
        var command = aw_message()
        command.kind = UInt32(AW_FORGET)
        command.segment = segment.number
        _ = Exchange(process, memory, settings).send(command)
    }
}
