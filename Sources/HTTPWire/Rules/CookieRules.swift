extension HeaderFields {
    /// Passes the value of each cookie with that name to `body` (RFC 6265, section 5.4). Names are compared byte by
    /// byte.
    public func forEachCookie(named name: String, _ body: (UnsafeRawBufferPointer) -> Void) {
        name.withBytes { wanted in
            forEachValue(of: "Cookie") { value in
                value.forEachCookiePair { pair in
                    let (cookie, value) = pair.cookieNameAndValue
                    if cookie.elementsEqual(wanted) { body(value) }
                }
            }
        }
    }

    /// The value of the only cookie with that name; `nil` if there is none or more than one: browsers send one, and
    /// there is no way to tell which of several is meant.
    public func cookie(named name: String) -> String? {
        var values: [String] = []
        forEachCookie(named: name) { values.append(String(decoding: $0, as: UTF8.self)) }
        return values.count == 1 ? values[0] : nil
    }
}

/// Restrictions on the cookies that a lab may set.
public enum SetCookieRules {
    /// The name under which the browser sends back the cookie of a Set-Cookie value. A cookie with an empty name is
    /// sent back as its value alone, which may contain a name (RFC 6265bis, section 5.8.3).
    public static func name(of value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let end = value.firstIndex(of: Byte.semicolon, from: 0, before: value.count) ?? value.count
        let cookie = value.part(0..<end).trimmed().cookieNameAndValue
        return cookie.name.isEmpty ? cookie.value.cookieNameAndValue.name : cookie.name
    }

    /// The value without its Domain attributes, so that the cookie is host-only; `nil` if it has none and can stay as
    /// it is. A cookie for the whole labs' domain would reach every other lab.
    public static func withoutDomain(_ value: UnsafeRawBufferPointer) -> [UInt8]? {
        var kept: [UInt8] = []
        var found = false
        var isFirst = true
        value.forEachCookiePart { part in
            defer { isFirst = false }
            if !isFirst, part.cookieNameAndValue.name.equalsIgnoringCase("domain") {
                found = true
                return
            }
            if !isFirst { kept.append(contentsOf: "; ".utf8) }
            kept.append(contentsOf: part)
        }
        return found ? kept : nil
    }
}

extension UnsafeRawBufferPointer {
    /// Passes each part between semicolons, trimmed, to `body`.
    @inline(__always) func forEachCookiePart(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start <= count {
            let end = firstIndex(of: Byte.semicolon, from: start, before: count) ?? count
            body(part(start..<end).trimmed())
            start = end + 1
        }
    }

    @inline(__always) func forEachCookiePair(_ body: (UnsafeRawBufferPointer) -> Void) {
        forEachCookiePart { if !$0.isEmpty { body($0) } }
    }

    /// Trimmed around the equals sign, as common cookie parsers behind the edge do; without one, the whole part is the
    /// name.
    var cookieNameAndValue: (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let equals = firstIndex(of: Byte.equals, from: 0, before: count) else {
            return (self, part(count..<count))
        }
        return (part(0..<equals).trimmed(), part(equals + 1..<count).trimmed())
    }
}
