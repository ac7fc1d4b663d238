import GRDB

// GRDB's async methods roll a transaction back when the calling task is cancelled. The broker must know the outcome of
// a commit, so these wrap the callback methods, which always run to completion.
extension Store {
    func write<T: Sendable>(
        _ what: String, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(StoreError) -> T {
        try await access(what) { db in
            var result: T?
            try db.inTransaction(.immediate) {
                result = try body(db)
                return .commit
            }
            guard let result else { preconditionFailure("a transaction that was committed has its result") }
            return result
        }
    }

    /// Runs `body` on the writer connection, outside a transaction.
    func access<T: Sendable>(
        _ what: String, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(StoreError) -> T {
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            database.asyncWriteWithoutTransaction { db in
                continuation.resume(returning: self.outcome(what) { try body(db) })
            }
        }
        return try result.get()
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
