import Words

/// The language of the answer that is being made.
///
/// It belongs to the request, as its task does: everything that a request causes, its event stream included, inherits
/// it.
enum PageLanguage {
    @TaskLocal static var current = Language.english
}
