// assay_scorer_kit.hpp: scorers in C++17 as classes, over assay_scorer_kit.h.
//
//     struct Shouting : assay::Scorer {
//         static const assay_scorer table;                          // id, columns, concurrency, roles, schema
//         explicit Shouting(assay::Parameters &parameters);         // throws assay::Rejection, mostly through `parameters`
//         void score(assay::Call &call, uint64_t row) const;        // one row: sets its results, fails it, or asks a model
//     };
//     ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t, uint32_t) noexcept {
//         static const assay_plugin plugin = assay::plugin<Shouting>("org.example.style", "1.0", "How answers are written");
//         return &plugin;
//     }
//
// A scorer that asks models also has:
//
//         struct Memory { … };                                      // the state of a row between its replies
//         void receive(assay::Call &call, const assay::Reply &reply, Memory &memory) const;
//
// A scorer with corpus scores declares `statistics` and `aggregations` in its table, sets the former with
// call.give_statistics, and has:
//
//         void finalize(const assay::Sums &sums, assay::Aggregates &aggregates) const;
//
// An instance is shared by threads: score and receive are const. No exception leaves the plugin: one that leaves score or
// receive makes its row a scorer error with what() as the message; the other rows continue.
#ifndef ASSAY_SCORER_KIT_HPP
#define ASSAY_SCORER_KIT_HPP

#include "assay_scorer_kit.h"

#include <cstdio>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

inline assay_str str(std::string_view text) { return kit_bytes(text.data(), text.size()); }
inline std::string_view view(assay_str text) { return {text.ptr, static_cast<std::size_t>(text.len)}; }

// Appends `text` to `json` as a JSON string, including the quotes.
inline void append_quoted(std::string &json, std::string_view text) {
    kit_buffer buffer = kit_empty();
    kit_append_quoted(&buffer, str(text));
    const bool failed = buffer.failed;
    if (!failed) json.append(buffer.bytes, buffer.length);
    kit_free(&buffer);
    if (failed) throw std::bad_alloc();
}

// ---------------------------------------------------------------- tables

constexpr assay_column_spec required(const char *name, uint32_t type, const char *description) {
    return {sizeof(assay_column_spec), type, ASSAY_COLUMN_REQUIRED, 0, name, description, 0, 0};
}

// An input that rows may lack; as an output, one that results leave out of rows without a value, instead of writing null.
constexpr assay_column_spec optional(const char *name, uint32_t type, const char *description, uint32_t flags = 0) {
    return {sizeof(assay_column_spec), type, ASSAY_COLUMN_OPTIONAL | flags, 0, name, description, 0, 0};
}

// The range of a numeric output; 0, 0 if it has none.
constexpr assay_column_spec output(const char *name, uint32_t type, const char *description, double minimum = 0,
                                   double maximum = 0) {
    return {sizeof(assay_column_spec), type, 0, 0, name, description, minimum, maximum};
}

// An output that is a score of its own beside "score", with its range; 0, 0 if it has none. Since 1.4.
constexpr assay_column_spec further_score(const char *name, uint32_t type, const char *description, double minimum = 0,
                                          double maximum = 0) {
    return {sizeof(assay_column_spec), type,    ASSAY_COLUMN_SCORE | ASSAY_COLUMN_OPTIONAL, 0, name, description,
            minimum,                   maximum};
}

// An aggregation that the scorer computes from its statistics.
constexpr assay_aggregation aggregation(const char *name, const char *description) {
    return {sizeof(assay_aggregation), 0, name, description};
}

// ---------------------------------------------------------------- parameters

// A rejected parameter. `pointer` is a JSON Pointer into config_json.
struct Rejection {
    std::string pointer, message;
};

// The parameters of an instance, read by name; parameters that the constructor does not read are rejected afterwards.
class Parameters {
public:
    Parameters(const assay_host *host, assay_creation *creation, assay_str config_json) {
        kit_open_parameters(&parameters_, host, creation, config_json);
    }

    // As written, as JSON; none if it is missing or null.
    std::optional<std::string_view> json(const char *name) {
        assay_str value;
        if (!kit_parameter(&parameters_, name, &value)) return std::nullopt;
        return view(value);
    }

    double number(const char *name, double fallback, double least, double most) {
        return kit_number_parameter(&parameters_, name, fallback, least, most);
    }

    int64_t integer(const char *name, int64_t fallback, int64_t least, int64_t most) {
        return kit_integer_parameter(&parameters_, name, fallback, least, most);
    }

    bool boolean(const char *name, bool fallback) { return kit_boolean_parameter(&parameters_, name, fallback); }

    std::optional<std::string> text(const char *name) {
        kit_buffer buffer = kit_empty();
        const bool is_given = kit_text_parameter(&parameters_, name, &buffer);
        std::optional<std::string> text;
        if (is_given && !buffer.failed) text.emplace(buffer.bytes, buffer.length);
        const bool failed = buffer.failed;
        kit_free(&buffer);
        if (failed) throw std::bad_alloc();
        return text;
    }

    [[noreturn]] static void reject(const std::string &name, const std::string &message) {
        throw Rejection{"/params/" + name, message};
    }

    assay_status close() { return kit_close_parameters(&parameters_); }

private:
    kit_parameters parameters_;
};

// ---------------------------------------------------------------- calls

namespace detail {
struct State {
    uint64_t n_awaited = 0;
    virtual ~State() = default;
};
}  // namespace detail

// A batch that is being scored: its rows, and the destination of their results. Inputs and outputs are identified by their index in the
// scorer's table. The contents of cells may be used until the call is over.
class Call {
public:
    Call(const assay_host *host, assay_call *call, const assay_batch *batch, detail::State &state)
        : step_{host, call, batch}, state_(state) {}

    uint64_t rows() const { return step_.batch->n_rows; }
    bool has(uint32_t input, uint64_t row) const { return kit_has(&step_, input, row); }
    std::string_view text(uint32_t input, uint64_t row) const { return view(kit_text(&step_, input, row)); }
    double number(uint32_t input, uint64_t row) const { return kit_number(&step_, input, row); }
    int64_t integer(uint32_t input, uint64_t row) const { return kit_integer(&step_, input, row); }
    bool boolean(uint32_t input, uint64_t row) const { return kit_boolean(&step_, input, row); }
    std::vector<std::string_view> list(uint32_t input, uint64_t row) const {
        const assay_str *texts;
        const uint64_t count = kit_list(&step_, input, row, &texts);
        std::vector<std::string_view> list;
        for (uint64_t i = 0; i < count; i++) list.push_back(view(texts[i]));
        return list;
    }

    void give_number(uint32_t output, uint64_t row, double number) { kit_give_number(&step_, output, row, number); }
    void give_integer(uint32_t output, uint64_t row, int64_t number) { kit_give_integer(&step_, output, row, number); }
    void give_boolean(uint32_t output, uint64_t row, bool truth) { kit_give_boolean(&step_, output, row, truth); }
    void give_text(uint32_t output, uint64_t row, std::string_view text) {
        kit_give_text(&step_, output, row, str(text));
    }
    void give_json(uint32_t output, uint64_t row, std::string_view json) {
        kit_give_json(&step_, output, row, str(json));
    }
    void fail(uint64_t row, int32_t outcome, std::string_view message) {
        kit_fail(&step_, static_cast<int64_t>(row), outcome, str(message));
    }

    // Sets the statistics of a row: one number for each of the scorer's `statistics`.
    void give_statistics(uint64_t row, const double *values) { kit_give_statistics(&step_, row, values); }
    void give_statistics(uint64_t row, std::initializer_list<double> values) { give_statistics(row, values.begin()); }

    // Writes a line to the host's log, which shows it with the plugin's id. `severity` is one of ASSAY_LOG_….
    void log(int32_t severity, std::string_view message) const { step_.host->log(step_.host, severity, str(message)); }

    // Whether the run was cancelled. Checked before each row; useful in long loops within a row.
    bool is_cancelled() const { return kit_is_cancelled(&step_); }

    // Asks the model of a role about a row; the reply comes to receive. `question` tells apart the requests of a row that
    // are open at once, from 0 to 65535. `request` is a body as the plugin header says. `sample` tells apart requests that
    // are otherwise equal (repeated votes), so that each gets an answer of its own.
    void ask(uint64_t row, uint32_t question, const char *role, std::string_view request, uint32_t sample = 0) {
        const assay_host_chat *chat = kit_chat(step_.host);
        const assay_status status =
            chat == nullptr ? ASSAY_E_UNSUPPORTED
                            : kit_ask(&step_, chat, row << 16 | question, role, str(request), sample);
        note(row, status);
    }

    // Has texts embedded by the model of a role. The reply has a vector for each of them. Since 1.4.
    void embed(uint64_t row, uint32_t question, const char *role, const std::vector<std::string_view> &texts) {
        const assay_host_embed *embeddings = kit_embeddings(step_.host);
        const std::vector<assay_str> list = strs(texts);
        note(row, embeddings == nullptr ? ASSAY_E_UNSUPPORTED
                                        : kit_embed(&step_, embeddings, row << 16 | question, role, list.data(), list.size()));
    }

    // Has texts checked by the moderation model of a role. The reply's response_json has the "results". Since 1.4.
    void moderate(uint64_t row, uint32_t question, const char *role, const std::vector<std::string_view> &texts) {
        const assay_host_moderate *moderation = kit_moderation(step_.host);
        const std::vector<assay_str> list = strs(texts);
        note(row, moderation == nullptr ? ASSAY_E_UNSUPPORTED
                                        : kit_moderate(&step_, moderation, row << 16 | question, role, list.data(), list.size()));
    }

private:
    static std::vector<assay_str> strs(const std::vector<std::string_view> &texts) {
        std::vector<assay_str> list;
        for (const std::string_view text : texts) list.push_back(str(text));
        return list;
    }

    void note(uint64_t row, assay_status status) {
        if (status == ASSAY_OK)
            state_.n_awaited++;
        else
            fail(row, ASSAY_ROW_SCORER_ERROR, "the host did not accept the request (" + std::to_string(status) + ")");
    }

    kit_step step_;
    detail::State &state_;
};

// The result of a request.
struct Reply {
    uint64_t row;
    uint32_t question;
    int32_t failure;         // 0, or the outcome of the row: ASSAY_ROW_MODEL_ERROR or ASSAY_ROW_NOT_ASKED
    std::string_view text;   // the assistant's message without its reasoning, or a description of the error
    std::string_view finish_reason;  // "stop", "length", "content_filter", "tool_calls"; empty if it is not known
    std::string_view reasoning;      // the model's reasoning before its message; empty if there is none
    std::string_view response_json;  // the whole response body, or empty if there is none
    std::vector<std::vector<double>> vectors;  // of embedded texts, in their order; empty for other requests

    // Whether the message is cut off because it reached its maximum length.
    bool is_cut_off() const { return finish_reason == "length"; }
};

// The sums of a scorer's statistics over `rows` scored rows.
struct Sums {
    uint64_t rows;
    const double *values;
    double operator[](std::size_t statistic) const { return values[statistic]; }
};

// Receives the values of a scorer's aggregations.
class Aggregates {
public:
    Aggregates(const assay_host *host, assay_finalization *finalization) : host_(host), finalization_(finalization) {}

    // Sets the value of an aggregation: the text of a JSON object.
    void give_json(uint32_t aggregation, std::string_view json) {
        host_->emit_aggregate(host_, finalization_, aggregation, str(json));
    }

    // Sets {NAME: number} for the name of the aggregation. The number must be finite.
    void give_number(uint32_t aggregation, std::string_view name, double number) {
        char digits[40];
        std::snprintf(digits, sizeof digits, ": %.17g}", number);
        std::string json = "{";
        append_quoted(json, name);
        give_json(aggregation, json + digits);
    }

private:
    const assay_host *host_;
    assay_finalization *finalization_;
};

// The base of all scorers.
struct Scorer {
    struct Memory {};
    template <class Any>
    void receive(Call &, const Reply &, Any &) const {}
    void finalize(const Sums &, Aggregates &) const {}
};

// ---------------------------------------------------------------- the plugin's table

namespace detail {

struct Instance {
    const assay_host *host;
    explicit Instance(const assay_host *its_host) : host(its_host) {}
    virtual ~Instance() = default;
    virtual assay_status step(assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                              const assay_reply *const *replies, uint64_t n_replies) const = 0;
    virtual void finalize(const Sums &sums, Aggregates &aggregates) const = 0;
};

// Runs the code for a row; an exception only fails that row.
template <class Body>
void guarded(Call &call, uint64_t row, const Body &body) noexcept {
    const char *message = "an exception that is not a std::exception";
    try {
        body();
        return;
    } catch (const std::exception &error) {
        // Its text lives as long as it does, so it is given in here.
        call.fail(row, ASSAY_ROW_SCORER_ERROR, error.what());
        return;
    } catch (...) {
    }
    call.fail(row, ASSAY_ROW_SCORER_ERROR, message);
}

template <class S>
struct InstanceOf final : Instance {
    S scorer;
    InstanceOf(const assay_host *its_host, Parameters &parameters) : Instance(its_host), scorer(parameters) {}

    struct CallState final : State {
        std::vector<typename S::Memory> memories;
    };

    assay_status step(assay_call *its_call, void **state, int32_t reason, const assay_batch *batch,
                      const assay_reply *const *replies, uint64_t n_replies) const override {
        if (reason == ASSAY_STEP_START) *state = static_cast<State *>(new CallState);
        auto &kept = *static_cast<CallState *>(static_cast<State *>(*state));
        Call call(host, its_call, batch, kept);
        if (reason == ASSAY_STEP_START) {
            for (uint64_t row = 0; row < call.rows(); row++) {
                if (call.is_cancelled()) return ASSAY_E_CANCELLED;
                guarded(call, row, [&] { scorer.score(call, row); });
            }
            if (kept.n_awaited > 0) kept.memories.resize(call.rows());
        }
        for (uint64_t i = 0; i < n_replies; i++) {
            const assay_reply &from = *replies[i];
            std::vector<std::vector<double>> vectors;
            uint64_t n_dimensions = 0;
            for (uint64_t text = 0; const double *vector = kit_vector(&from, text, &n_dimensions); text++)
                vectors.emplace_back(vector, vector + n_dimensions);
            const Reply reply{from.tag >> 16, static_cast<uint32_t>(from.tag & 0xFFFF),
                              from.status == ASSAY_OK ? 0 : kit_failure(&from), view(from.text),
                              view(kit_finish_reason(&from)), view(kit_reasoning(&from)), view(from.response_json),
                              std::move(vectors)};
            kept.n_awaited--;
            guarded(call, reply.row, [&] { scorer.receive(call, reply, kept.memories.at(reply.row)); });
        }
        return kept.n_awaited > 0 ? ASSAY_PENDING : ASSAY_OK;
    }

    void finalize(const Sums &sums, Aggregates &aggregates) const override { scorer.finalize(sums, aggregates); }
};

template <class S>
std::unique_ptr<Instance> make(const assay_host *host, Parameters &parameters) {
    return std::make_unique<InstanceOf<S>>(host, parameters);
}

template <class... Scorers>
assay_status create(const assay_scorer *scorer, const assay_host *host, assay_creation *creation, assay_str config,
                    void **self) noexcept {
    try {
        if (scorer->roles != nullptr && kit_chat(host) == nullptr) return ASSAY_E_UNSUPPORTED;
        Parameters parameters(host, creation, config);
        std::unique_ptr<Instance> instance;
        ((scorer == &Scorers::table ? void(instance = make<Scorers>(host, parameters)) : void()), ...);
        if (instance == nullptr) return ASSAY_E_INVALID;
        const assay_status status = parameters.close();
        if (status == ASSAY_OK) *self = instance.release();
        return status;
    } catch (const Rejection &rejection) {
        host->reject(host, creation, str(rejection.pointer), str(rejection.message));
        return ASSAY_E_INVALID;
    } catch (const std::bad_alloc &) {
        return ASSAY_E_RESOURCE;
    } catch (const std::exception &error) {
        host->reject(host, creation, str(""), kit_str(error.what()));
        return ASSAY_E_INVALID;
    } catch (...) {
        return ASSAY_E_INTERNAL;
    }
}

inline void destroy(void *self) noexcept { delete static_cast<Instance *>(self); }

inline assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) noexcept {
    try {
        return static_cast<Instance *>(self)->step(call, state, reason, batch, replies, n_replies);
    } catch (const std::bad_alloc &) {
        return ASSAY_E_RESOURCE;
    } catch (...) {
        return ASSAY_E_INTERNAL;
    }
}

inline assay_status finalize(void *self, assay_finalization *finalization, const assay_sums *sums) noexcept {
    const auto &instance = *static_cast<const Instance *>(self);
    try {
        Aggregates aggregates(instance.host, finalization);
        instance.finalize(Sums{sums->n_rows, sums->values}, aggregates);
        return ASSAY_OK;
    } catch (const std::bad_alloc &) {
        return ASSAY_E_RESOURCE;
    } catch (const std::exception &error) {
        kit_log(instance.host, ASSAY_LOG_ERROR, "%s", error.what());
    } catch (...) {
    }
    return ASSAY_E_INTERNAL;
}

inline void call_free(void *, assay_call *, void *state) noexcept { delete static_cast<State *>(state); }

}  // namespace detail

// The table of a plugin with the given scorers.
template <class... Scorers>
assay_plugin plugin(const char *id, const char *version, const char *description) noexcept {
    static const assay_scorer *const scorers[] = {&Scorers::table..., nullptr};
    assay_plugin table = {};
    table.struct_size = sizeof table;
    table.abi_major = ASSAY_ABI_MAJOR;
    table.abi_minor = ASSAY_ABI_MINOR;
    table.id = id;
    table.version = version;
    table.description = description;
    table.scorers = scorers;
    table.create = detail::create<Scorers...>;
    table.destroy = detail::destroy;
    table.step = detail::step;
    table.call_free = detail::call_free;
    table.finalize = detail::finalize;
    return table;
}

}  // namespace assay

#endif
