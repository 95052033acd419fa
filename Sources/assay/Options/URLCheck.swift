import ArgumentParser
import Inference

/// Rejects an option that is not an HTTP URL.
func checkURL(_ text: String, of option: String) throws {
    if let fault = ModelConfiguration.fault(ofURL: text) {
        // Not the text itself, which may contain a password.
        throw ValidationError(text.isEmpty ? "\(option) is empty" : "what \(option) names \(fault)")
    }
}
