/// Counts input in a row that comes to no row of the dataset: white space between the elements of an array, lines of a table
/// with nothing in them. Compressed, any amount of it is small, and nobody is asked meanwhile whether to go on.
struct EmptyInput {
    /// Bytes in a row that are passed over.
    var most = 16 << 20

    private var count = 0

    init() {}

    init(most: Int) {
        self.most = most
    }

    /// Takes in that so many bytes were read, and so many written for them.
    ///
    /// - Parameter path: what errors call the data.
    /// - Throws: where too many in a row came to nothing.
    mutating func add(read: Int, written: Int, path: String?) throws(DatasetError) {
        count = written > 0 ? 0 : count + read
        guard count <= most else {
            throw DatasetError(
                .tooLarge, "more than \(sizeText(most)) of white space without a row; is the file damaged?",
                path: path)
        }
    }
}
