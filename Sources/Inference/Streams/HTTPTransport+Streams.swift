import JSON
import NIOCore
import NIOHTTP1

extension HTTPTransport.Response {
    /// The response with a body that is one JSON value, where it is a stream of events.
    ///
    /// - Throws: if the stream ends before the reply does. What there is of the reply is not used.
    func assembled() throws(TransportFailure) -> HTTPTransport.Response {
        guard (200..<300).contains(status),
            isEventStream(body.readableBytesView, contentType: headers.first(name: "Content-Type"))
        else { return self }
        let reply: StreamedReply
        do throws(BadResponse) {
            reply = try StreamedReply(body.readableBytesView)
        } catch {
            throw TransportFailure(.badResponse, "its stream \(error.reason)")
        }
        guard case .whole(let object) = reply else {
            throw TransportFailure(.dropped, "the stream ended before the reply was complete")
        }
        var response = self
        response.body = ByteBuffer(string: JSONValue.object(object).text)
        return response
    }
}
