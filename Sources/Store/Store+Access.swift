import GRDB

// GRDB's async methods roll a transaction back when the calling task is cancelled. The broker must know the outcome of
// a commit, so these wrap the callback methods, which always run to completion.
extension Store {
    func write(_ what: String, _ body: @escaping @Sendable (Database) throws -> Void) async throws(StoreError) {
        try await access(what) { db in
            try db.inTransaction(.immediate) {
                try body(db)
                return .commit
            }
        }
    }

    /// Runs `body` on the writer connection, outside a transaction.
    func access(_ what: String, _ body: @escaping @Sendable (Database) throws -> Void) async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            database.asyncWriteWithoutTransaction { db in
                continuation.resume(returning: self.outcome(what) { try body(db) })
            }
        }
        try result.get()
    }

    func read<T: Sendable>(
        _ what: String, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(StoreError) -> T {
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            database.asyncRead { db in
                continuation.resume(returning: self.outcome(what) { try body(db.get()) })
            }
        }
        return try result.get()
    }

    private func outcome<T>(_ what: String, _ body: () throws -> T) -> Result<T, StoreError> {
        do { return .success(try body()) } catch { return .failure(StoreError(error, doing: what, path: path)) }
    }
}
