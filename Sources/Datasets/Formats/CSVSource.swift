/// The rows of a CSV or TSV table as JSON Lines, one object per row with the header row's names.
///
/// The dialect is that of RFC 4180, with line ends of CR LF or LF:
/// - A cell in quotes may contain delimiters, line ends and doubled quotes. A quote that is not at the start of a cell is
///   text.
/// - An empty cell without quotes is null, a missing value; an empty cell in quotes, `""`, is empty text. (So does
///   PostgreSQL's COPY in its CSV format.) All other cells are strings: `18` is `"18"`.
/// - A row with fewer cells than the header lacks the last members.
/// - Empty cells after the last column, which spreadsheets leave, are ignored.
/// - Empty lines, and a UTF-8 byte order mark at the start, are ignored; a first line `sep=;`, as in Excel, sets the
///   delimiter.
/// - A column without a name is called `column_` and its number, from 1. Columns with the same name are called
///   `NAME (column N)`; requesting `NAME` is an error.
///
/// A row that has more cells than the header, text after a closing quote, a quote that is never closed, a carriage return
/// outside quotes without a line feed after it, a zero byte or invalid UTF-8 is a rejected row, and so is one that is longer than
/// allowed. It is replaced by a ``RejectedLine`` with the reason, such as `line 12: 5 cells, but the header has 4`; reading
/// continues with the next row. In the header row, these faults are errors.
///
/// Memory: about 1 MiB, or a few times the longest record.
public final class CSVSource: ByteSource {
    private static let chunk = 256 << 10

    private var base: any ByteSource
    private let path: String?
    private let recordLimit: Int
    private var input = ByteQueue(capacity: CSVSource.chunk)
    private var output = ByteQueue(capacity: 2 * CSVSource.chunk)
    private var inputHasEnded = false
    private var hasStarted = false
    private var records: CSVRecords
    private let delimiter: UInt8
    private let isDelimiterFixed: Bool
    private let notices: DatasetNotices?
    private var failure: DatasetError?
    /// A record that is too long, until its end is found.
    private var skipped: SkippedRecord?
    /// Input that has come to no row.
    var empty = EmptyInput()

    /// - Parameters:
    ///   - delimiter: the default delimiter, unless the first row shows a different one, or `options` set it.
    ///   - options: options for the table; their format and encoding are ignored.
    ///   - columns: the columns to write, nil for all. Omitting some makes reading faster.
    ///   - path: the name of the data in errors.
    ///   - notices: receives a notice about a detected delimiter.
    ///   - recordLimit: the maximum size of a record, in bytes; nil means that of `options`. A longer one is passed over and
    ///     rejected.
    public init(
        _ base: any ByteSource, delimiter: UInt8 = UInt8(ascii: ","), options: DatasetOptions = DatasetOptions(),
        columns: ColumnSelection? = nil, path: String? = nil, notices: DatasetNotices? = nil,
        recordLimit: Int? = nil
    ) {
        self.base = base
        self.path = path
        self.recordLimit = recordLimit ?? options.rowSize
        self.notices = notices
        self.delimiter = options.delimiter ?? delimiter
        isDelimiterFixed = options.delimiter != nil
        records = CSVRecords(delimiter: self.delimiter, header: options.header, columns: columns, path: path)
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while output.isEmpty {
            if skip() || convert() { continue }
            if let failure { throw failure }
            if inputHasEnded { return 0 }
            fill()
        }
        return output.move(into: buffer)
    }

    /// Converts what records there are; false if there was no whole one.
    private func convert() -> Bool {
        guard hasStarted, !input.isEmpty, skipped == nil else { return false }
        do throws(DatasetError) {
            let isLast = inputHasEnded && failure == nil
            let used = try records.convert(input.front, count: input.count, isLast: isLast, to: &output)
            input.drop(used)
            // Records are converted while there is no output, so what there is comes from these.
            try empty.add(read: used, written: output.count, path: path)
            return used > 0
        } catch {
            input.drop(input.count)
            failure = error
            return false
        }
    }

    /// Passes over the input up to the end of a record that is too long; false if there is no such record, or its end is not
    /// there yet.
    private func skip() -> Bool {
        guard var record = skipped else { return false }
        let end = record.end(in: UnsafeRawBufferPointer(start: input.front, count: input.count))
        input.drop(end ?? input.count)
        skipped = record
        guard end != nil || inputHasEnded && failure == nil else { return false }
        records.reject(record, limit: recordLimit, in: &output)
        skipped = nil
        return true
    }

    /// Reads until the buffer is full or the input ends. To do less would mean to look at a long record again for every
    /// few bytes.
    private func fill() {
        if input.count > recordLimit {
            guard records.hasColumns else {
                failure = DatasetError(
                    .tooLarge,
                    "the header row has more than \(sizeText(recordLimit)); check for a quote that is not closed, or raise "
                        + "--max-row-size",
                    path: path, at: .line(records.line))
                return
            }
            skipped = records.skippedRecord
            return
        }
        input.reserve(max(Self.chunk - input.count, input.count))
        do throws(DatasetError) {
            while input.room > 0, !inputHasEnded {
                inputHasEnded = try !input.fill(from: &base)
            }
        } catch {
            failure = error
        }
        input.pad(with: 0)
        if !hasStarted {
            hasStarted = true
            input.drop(byteOrderMarkLength(UnsafeRawBufferPointer(start: input.front, count: input.count)))
            let start = TableStart(
                UnsafeRawBufferPointer(start: input.front, count: input.count), expected: delimiter,
                isFixed: isDelimiterFixed)
            input.drop(start.separatorLine)
            records.start(start)
            if start.isFound {
                let (found, expected) = (Delimiter.name(start.delimiter), Delimiter.name(delimiter))
                notices?.set(
                    "\(path ?? "the table"): the cells are separated by \(found)s, not \(expected)s"
                        + " (if that is wrong, use --delimiter \(expected))", on: "delimiter")
            }
        }
    }
}
