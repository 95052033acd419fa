// Reads arrays with random types, contents and faults, under AddressSanitizer and UndefinedBehaviorSanitizer. Buffers are as
// long as their array says, which is all that a reader must take on trust; everything else may be wrong. With ASSAY_LIBFUZZER,
// libFuzzer makes the choices instead of a generator of random numbers: each takes the next bytes of its input.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "carrow.h"

namespace {

#ifdef ASSAY_LIBFUZZER
const uint8_t *input = nullptr;
size_t input_left = 0;

// The next bytes of the input, and bits that are all set behind its end: of all choices the last, which is no fault.
uint64_t take(size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | (input_left ? *input++ : 0xFF);
        if (input_left) input_left--;
    }
    return value;
}

uint64_t random_bits() { return take(8); }
int64_t below(int64_t limit) {
    if (!input_left) return limit - 1;
    return static_cast<int64_t>(take(limit <= 256 ? 1 : 2) % static_cast<uint64_t>(limit));
}
#else
std::mt19937_64 random_bits;

int64_t below(int64_t limit) { return static_cast<int64_t>(random_bits() % static_cast<uint64_t>(limit)); }
#endif
bool one_in(int64_t n) { return below(n) == 0; }

void release_schema(ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]) {
            if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
            delete schema->children[i];
        }
    delete[] schema->children;
    if (schema->dictionary) {
        if (schema->dictionary->release) schema->dictionary->release(schema->dictionary);
        delete schema->dictionary;
    }
    std::free(const_cast<char *>(schema->format));
    std::free(const_cast<char *>(schema->name));
    schema->release = nullptr;
}

// What an array really has, whatever its fields say.
struct Real {
    std::vector<void *> memory;
    std::vector<ArrowArray *> children;
    ArrowArray *dictionary = nullptr;
    const void **buffers = nullptr;
    ArrowArray **pointers = nullptr;
};

void release_array(ArrowArray *array) {
    Real *real = static_cast<Real *>(array->private_data);
    for (void *bytes : real->memory) std::free(bytes);
    for (ArrowArray *child : real->children) {
        if (child->release) child->release(child);
        delete child;
    }
    if (real->dictionary) {
        if (real->dictionary->release) real->dictionary->release(real->dictionary);
        delete real->dictionary;
    }
    delete[] real->buffers;
    delete[] real->pointers;
    delete real;
    array->release = nullptr;
}

const char *const simple[] = {"n", "b", "c", "C", "s", "S", "i", "I", "l", "L", "e", "f", "g", "u", "U", "z", "Z", "vu", "vz",
                              "d:38,1", "d:9,-2,64", "d:3,2,32", "tdD", "tdm", "tts", "ttm", "ttu", "ttn", "tss:", "tsu:UTC",
                              "tsn:Europe/Berlin", "tDm", "q", "", "+", "d:", "+w:", "tx", "v", "+vx"};

void make(ArrowSchema &schema, ArrowArray &array, int depth, int64_t rows);

void *bytes(Real &real, size_t count) {
    unsigned char *made = static_cast<unsigned char *>(std::malloc(count ? count : 1));
    for (size_t i = 0; i < count; i++) made[i] = static_cast<unsigned char>(one_in(3) ? random_bits() : 'a' + below(26));
    real.memory.push_back(made);
    return made;
}

template <typename Offset> void *offsets(Real &real, int64_t count, int64_t end) {
    Offset *made = static_cast<Offset *>(bytes(real, static_cast<size_t>(count + 1) * sizeof(Offset)));
    int64_t place = 0;
    for (int64_t i = 0; i <= count; i++) {
        if (place < end) place += below(end - place + 1) / (count - i + 1);
        made[i] = static_cast<Offset>(place);
    }
    // Descending or negative ones are to be found; ascending ones must end within the bytes.
    if (one_in(6) && count > 1) made[below(count)] = static_cast<Offset>(one_in(2) ? -1 : end);
    return made;
}

size_t width(const std::string &f, int64_t n) {
    if (f == "b") return static_cast<size_t>(n + 7) / 8;
    if (f == "c" || f == "C") return static_cast<size_t>(n);
    if (f == "s" || f == "S" || f == "e") return 2 * static_cast<size_t>(n);
    if (f == "i" || f == "I" || f == "f" || f == "tdD" || f == "tts" || f == "ttm" || f == "d:3,2,32")
        return 4 * static_cast<size_t>(n);
    return (f == "d:38,1" ? 16 : 8) * static_cast<size_t>(n);
}

void children(ArrowSchema &schema, ArrowArray &array, Real &real, int64_t count, int depth, int64_t rows) {
    schema.n_children = array.n_children = count;
    schema.children = new ArrowSchema *[static_cast<size_t>(count) + 1]();
    real.pointers = new ArrowArray *[static_cast<size_t>(count) + 1]();
    for (int64_t i = 0; i < count; i++) {
        schema.children[i] = new ArrowSchema();
        real.children.push_back(new ArrowArray());
        make(*schema.children[i], *real.children.back(), depth + 1, rows);
        real.pointers[i] = one_in(200) ? nullptr : real.children.back();
    }
    array.children = real.pointers;
}

void make(ArrowSchema &schema, ArrowArray &array, int depth, int64_t rows) {
    const int64_t length = one_in(20) ? below(rows + 1) : rows, offset = one_in(3) ? below(4) : 0, n = length + offset;
    Real *real = new Real();
    std::string f = depth == 0 ? "+s" : simple[below(sizeof simple / sizeof *simple)];
    if (depth > 0 && depth < 4 && one_in(3)) {
        const char *const nested[] = {"+l", "+L", "+vl", "+vL", "+w:2", "+s", "+m"};
        f = nested[below(7)];
    }
    schema = ArrowSchema{};
    schema.release = release_schema;
    schema.name = strdup(one_in(200) ? "\"\xff" : "column");
    array = ArrowArray{};
    array.length = length;
    array.offset = offset;
    array.null_count = one_in(2) ? 0 : -1;
    array.private_data = real;
    array.release = release_array;
    std::vector<void *> buffers;
    if (f != "n") buffers.push_back(one_in(2) ? nullptr : bytes(*real, static_cast<size_t>(n + 7) / 8));
    if (f == "u" || f == "z" || f == "U" || f == "Z") {
        const int64_t size = below(60);
        buffers.push_back(f == "u" || f == "z" ? offsets<int32_t>(*real, n, size) : offsets<int64_t>(*real, n, size));
        buffers.push_back(bytes(*real, static_cast<size_t>(size)));
    } else if (f == "vu" || f == "vz") {
        unsigned char *views = static_cast<unsigned char *>(bytes(*real, 16 * static_cast<size_t>(n)));
        for (int64_t i = 0; i < n; i++) {
            int32_t parts[4] = {static_cast<int32_t>(below(30)), 0, static_cast<int32_t>(below(3) - 1),
                                static_cast<int32_t>(below(70) - 5)};
            if (one_in(10)) parts[0] = static_cast<int32_t>(random_bits());
            if (parts[0] <= 12) std::memcpy(views + 16 * i, parts, 4);
            else std::memcpy(views + 16 * i, parts, 16);
        }
        const int64_t size = below(60);
        buffers.push_back(views);
        buffers.push_back(bytes(*real, static_cast<size_t>(size)));
        int64_t *sizes = static_cast<int64_t *>(bytes(*real, 8));
        *sizes = size;
        buffers.push_back(sizes);
    } else if (f == "+s") {
        children(schema, array, *real, below(5), depth, n + below(2));
    } else if (f == "+l" || f == "+L" || f == "+m") {
        const int64_t size = below(20);
        buffers.push_back(f == "+L" ? offsets<int64_t>(*real, n, size) : offsets<int32_t>(*real, n, size));
        children(schema, array, *real, 1, depth, size);
    } else if (f == "+vl" || f == "+vL") {
        const size_t each = f == "+vl" ? 4 : 8;
        for (int buffer = 0; buffer < 2; buffer++) {
            char *made = static_cast<char *>(bytes(*real, each * static_cast<size_t>(n)));
            for (int64_t i = 0; i < n; i++) {
                const int64_t value = one_in(20) ? static_cast<int64_t>(random_bits()) : below(8);
                std::memcpy(made + each * static_cast<size_t>(i), &value, each);
            }
            buffers.push_back(made);
        }
        children(schema, array, *real, 1, depth, 16);
    } else if (f == "+w:2") {
        children(schema, array, *real, 1, depth, 2 * n);
    } else if (f != "n") {
        buffers.push_back(bytes(*real, width(f, n)));
        if (depth < 4 && (f == "c" || f == "I" || f == "l") && one_in(2)) {
            const int64_t count = 1 + below(100);
            schema.dictionary = new ArrowSchema();
            array.dictionary = real->dictionary = new ArrowArray();
            make(*schema.dictionary, *real->dictionary, depth + 1, count);
            if (one_in(2)) std::memset(buffers.back(), 0, width(f, n));
            if (one_in(50)) array.dictionary = nullptr;
        }
    }
    schema.format = strdup(f.c_str());
    array.n_buffers = static_cast<int64_t>(buffers.size());
    real->buffers = new const void *[buffers.size() + 1]();
    for (size_t i = 0; i < buffers.size(); i++) real->buffers[i] = one_in(300) ? nullptr : buffers[i];
    array.buffers = real->buffers;
    if (one_in(200)) array.n_buffers--;
    if (one_in(200)) array.length = -1;
    if (one_in(200)) array.offset = -1;
    if (one_in(200)) array.buffers = nullptr;
    if (one_in(200)) array.n_children = 0;
}

// Whether an array could be read.
bool read_one() {
    bool is_read = false;
    ArrowSchema schema;
    ArrowArray array;
    make(schema, array, 0, below(40));
    char error[CA_ERROR_SIZE];
    if (ca_schema *parsed = ca_schema_new(&schema, error)) {
        if (ca_batch *batch = ca_batch_new(parsed, &array, error)) {
            is_read = true;
            const size_t rows = ca_batch_rows(batch);
            std::vector<uint8_t> states(rows + 1);
            std::vector<csj_text> cells(rows + 1);
            ca_bytes lines{}, arena{};
            volatile unsigned long sum = 0;
            for (size_t i = 0; i < ca_schema_count(parsed); i++) {
                for (uint32_t type : {CSJ_TEXT, CSJ_F64, CSJ_I64, CSJ_BOOL})
                    if (ca_schema_can_read(parsed, i, type)) {
                        ca_batch_read(batch, i, type, 0, rows, states.data(), cells.data());
                        for (size_t row = 0; type == CSJ_TEXT && row < rows; row++)
                            if (states[row] == CSJ_VALUE)
                                for (uint64_t c = 0; c < cells[row].len; c++)
                                    sum = sum + static_cast<unsigned char>(cells[row].ptr[c]);
                    }
                ca_batch_read_json(batch, i, 0, rows, states.data(), cells.data(), &arena);
            }
            ca_batch_write_rows(batch, 0, rows, nullptr, &lines);
            if (lines.count && !csj_is_utf8(csj_text{lines.bytes, lines.count})) std::abort();
            std::free(lines.bytes);
            std::free(arena.bytes);
            ca_batch_free(batch);
        }
        ca_schema_free(parsed);
    }
    if (array.release) array.release(&array);
    schema.release(&schema);
    return is_read;
}

} // namespace

#ifdef ASSAY_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    input = bytes;
    input_left = count;
    read_one();
    return 0;
}
#else
int main(int count, char **arguments) {
    const long rounds = count > 1 ? std::atol(arguments[1]) : 20000;
    long read = 0;
    for (long round = 0; round < rounds; round++) {
        random_bits.seed(static_cast<uint64_t>(round) + (count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0));
        read += read_one();
    }
    std::printf("%ld of %ld arrays could be read\n", read, rounds);
    return read > rounds / 20 ? 0 : 1;
}
#endif
