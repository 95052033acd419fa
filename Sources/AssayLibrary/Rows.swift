// The functions have the names of the C header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CArrow
import CAssay
import Glibc

// An assay_rows is a ca_rows.

@c @implementation
public func assay_rows_new(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> OpaquePointer? {
    var error: UnsafePointer<CChar>?
    guard let stream, stream.pointee.release != nil else {
        assay_internal_set_error("the stream \(stream == nil ? "is NULL" : "has been released")")
        return nil
    }
    let rows = ca_rows_new(stream, &error)
    if rows == nil { assay_internal_set_error(error) }
    return rows
}

@c @implementation
public func assay_rows_read(_ rows: OpaquePointer?, _ keeps: Int32) -> Int64 {
    guard let rows else {
        assay_internal_set_error("the rows are NULL")
        return -1
    }
    let count = ca_rows_read(rows, keeps != 0)
    if count < 0 { assay_internal_set_error(ca_rows_error(rows)) }
    return count
}

@c @implementation
public func assay_rows_count(_ rows: OpaquePointer?) -> Int64 { rows.map { ca_rows_count($0) } ?? 0 }

@c @implementation
public func assay_rows_stream(_ rows: OpaquePointer?, _ out: UnsafeMutablePointer<ArrowArrayStream>?) -> Int32 {
    guard let rows, let out else {
        assay_internal_set_error("the \(rows == nil ? "rows are" : "stream is") NULL")
        return EINVAL
    }
    guard ca_rows_stream(rows, out) else {
        assay_internal_set_error("there is not enough memory")
        return ENOMEM
    }
    return 0
}

@c @implementation
public func assay_rows_free(_ rows: OpaquePointer?) { ca_rows_free(rows) }
