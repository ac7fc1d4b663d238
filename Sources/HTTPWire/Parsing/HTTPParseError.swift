/// Why a message was rejected. For a response, any of these becomes a 502; `status` applies to requests.
///
/// After an error nothing more can be read from that connection, because the message boundaries are no longer certain.
public enum HTTPParseError: Error, Hashable, Sendable {
    case bareCarriageReturn
    case bareLineFeed
    case invalidStartLine
    case invalidMethod
    case unknownMethod
    case invalidTarget
    case unsupportedVersion
    case startLineTooLong
    case tooManyEmptyLines
    case headerBlockTooLarge
    case tooManyFields
    case whitespaceBeforeFirstField
    case foldedField
    case whitespaceBeforeColon
    case invalidFieldName
    /// `Content_Length` or `Transfer_Encoding`, which some parsers take for the name with a hyphen.
    case ambiguousFieldName
    case invalidFieldValue
    case missingHost
    case duplicateHost
    case invalidHost
    /// HTTP/2: the Host field and `:authority` name different hosts.
    case conflictingHost
    /// HTTP/2: a connection-specific field, which is valid only in HTTP/1.1.
    case connectionField
    case invalidContentLength
    case duplicateContentLength
    case contentLengthWithTransferEncoding
    case transferEncodingInOldVersion
    case transferEncodingNotChunked
    case unknownTransferCoding
    case unknownExpectation
    case invalidChunk
    case chunkTooLarge
    case chunkExtensionsTooLarge
    case trailersTooLarge
    case invalidStatus
    case bodyNotAllowed
    case tooManyInformationalResponses
    /// A 101 response to a request that did not ask for an upgrade.
    case unexpectedUpgrade
    /// Bytes after the end of the last response.
    case unexpectedBytes
    /// The connection ended in the middle of a message.
    case truncated

    /// The status of the response to a request with this fault.
    public var status: Int {
        switch self {
        case .startLineTooLong: 414
        case .headerBlockTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .unknownMethod, .unknownTransferCoding: 501
        case .unsupportedVersion: 505
        case .unknownExpectation: 417
        default: 400
        }
    }

    /// A description of the fault, which contains none of the input.
    public var reason: String {
        switch self {
        case .bareCarriageReturn: "A carriage return stands alone; lines end with CR LF."
        case .bareLineFeed: "A line feed stands alone; lines end with CR LF."
        case .invalidStartLine: "The first line is not that of an HTTP/1.1 message."
        case .invalidMethod: "The method is not a token."
        case .unknownMethod: "This method is not supported."
        case .invalidTarget: "The request target is not valid; send a path, or an absolute URL."
        case .unsupportedVersion: "This version of HTTP is not supported; use HTTP/1.1."
        case .startLineTooLong: "The request target is too long."
        case .tooManyEmptyLines: "Empty lines stand before the message."
        case .headerBlockTooLarge: "The header fields are too large."
        case .tooManyFields: "There are too many header fields."
        case .whitespaceBeforeFirstField: "Whitespace stands before the first header field."
        case .foldedField: "A header field is folded over lines."
        case .whitespaceBeforeColon: "Whitespace stands before the colon of a header field."
        case .invalidFieldName: "A header field's name is not a token."
        case .ambiguousFieldName: "A header field's name can be taken for one that says how long the body is."
        case .invalidFieldValue: "A header field's value has control characters."
        case .missingHost: "The Host field is missing."
        case .duplicateHost: "There is more than one Host field."
        case .invalidHost: "The Host field is not a valid host and port."
        case .conflictingHost: "The Host field is not the authority of the request."
        case .connectionField: "A field that is for one connection of HTTP/1.1 only stands in an HTTP/2 request."
        case .invalidContentLength: "Content-Length is not a number that fits."
        case .duplicateContentLength: "There is more than one Content-Length."
        case .contentLengthWithTransferEncoding: "Content-Length and Transfer-Encoding stand together."
        case .transferEncodingInOldVersion: "Transfer-Encoding stands in an HTTP/1.0 message."
        case .transferEncodingNotChunked: "Transfer-Encoding does not end with chunked."
        case .unknownTransferCoding: "A transfer coding other than chunked is not supported."
        case .unknownExpectation: "An expectation other than 100-continue is not supported."
        case .invalidChunk: "The chunked body is malformed."
        case .chunkTooLarge: "A chunk's size does not fit."
        case .chunkExtensionsTooLarge: "The chunk extensions are too large."
        case .trailersTooLarge: "The trailer fields are too large."
        case .invalidStatus: "The status is not a number from 100 to 999."
        case .bodyNotAllowed: "A message that has no body announces one."
        case .tooManyInformationalResponses: "Too many informational responses came before the final one."
        case .unexpectedUpgrade: "The protocol was switched without being asked for."
        case .unexpectedBytes: "Bytes came after the end of the last response."
        case .truncated: "The connection ended in the middle of a message."
        }
    }
}
