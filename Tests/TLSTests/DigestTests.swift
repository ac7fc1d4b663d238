import TLS
import Testing

@Suite("Digests, codes, randomness")
struct DigestTests {
    @Test(
        "SHA-256 gives the known digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, hex: String) {
        #expect(SHA256.digest(text).hex == hex)
        #expect(SHA256.digest(Array(text.utf8)).hex == hex)
    }

    @Test("a digest is a value: equal, hashable, back from its bytes, and exactly 32 bytes")
    func value() {
        let digest = SHA256.digest("one")
        #expect(Digest32(digest.bytes) == digest)
        #expect(digest != SHA256.digest("two"))
        #expect(Set([digest, SHA256.digest("one"), SHA256.digest("two")]).count == 2)
        #expect(Digest32(Array(digest.bytes.dropLast())) == nil)
        #expect(Digest32(digest.bytes + [0]) == nil)
    }

    @Test(
        "HMAC-SHA256 gives the codes of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: [UInt8], message: [UInt8], hex: String) {
        let key = HMACKey(bytes: key)
        let code = key.authenticationCode(for: message)
        #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hex)
        #expect(key.authenticationCode(for: message) == code)
        #expect(key.isValid(code, for: message))
        #expect(!key.isValid(code, for: message + [0]))
        #expect(!key.isValid(Array(code.dropLast()), for: message))
    }

    @Test("an empty key and an empty message are allowed")
    func emptyHMAC() {
        let code = HMACKey(bytes: [] as [UInt8]).authenticationCode(for: [] as [UInt8])
        #expect(Digest32(code)?.hex == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("the comparison tells equal from different in every place, and in length")
    func comparison() {
        let bytes = SecureRandom.bytes(32)
        #expect(constantTimeEqual(bytes, bytes))
        #expect(constantTimeEqual([] as [UInt8], [] as [UInt8]))
        #expect(!constantTimeEqual(bytes, Array(bytes.dropLast())))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!constantTimeEqual(bytes, other))
        }
    }

    @Test("random bytes do not repeat, and slugs keep to their alphabet")
    func randomness() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        let slug = SecureRandom.slug(length: 2000)
        #expect(slug.utf8.count == 2000)
        #expect(Set(slug) == Set("abcdefghijklmnopqrstuvwxyz234567"))
    }
}
