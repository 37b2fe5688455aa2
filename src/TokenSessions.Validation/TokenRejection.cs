namespace TokenSessions.Validation;

/// <summary>Why a token was turned away. Members stand in the order the checks run.</summary>
/// <remarks>Logged, counted and tested by name: add members, never rename one or give it a new meaning.</remarks>
public enum TokenRejection
{
    /// <summary>Nothing was checked. The value of a <c>default</c> result, so that forgetting to validate rejects.</summary>
    NotValidated = 0,

    /// <summary>Longer than 8,192 characters.</summary>
    TooLong,

    /// <summary>Not a compact JWS: characters, segments, base64url or header JSON are not as RFC 7515 §7.1 wants them.</summary>
    Malformed,

    /// <summary>The header carries <c>crit</c> or <c>b64</c>: an extension we do not implement (RFC 7515 §4.1.11).</summary>
    ExtensionNotSupported,

    /// <summary>The <c>typ</c> is absent or not one we accept (RFC 9068 §4, RFC 8725 §3.11).</summary>
    TypeNotAccepted,

    /// <summary>The <c>alg</c> is unknown here, or not the one its key was made for (RFC 8725 §3.1).</summary>
    AlgorithmNotAllowed,

    /// <summary>The header has no <c>kid</c>, or one longer than 128 characters.</summary>
    KeyIdMissing,

    /// <summary>The issuer's key set, recently fetched, has no key of this <c>kid</c>.</summary>
    KeyUnknown,

    /// <summary>The issuer's key set could not be fetched. Our trouble, not the caller's: answer 503, not 401.</summary>
    KeysUnavailable,

    /// <summary>The signature does not match (RFC 7515 §5.2).</summary>
    SignatureInvalid,

    /// <summary>Signed, but the claims are not strict JSON, or one is missing, empty, of a wrong type or out of range.</summary>
    ClaimsInvalid,

    /// <summary>The <c>iss</c> is not the issuer we trust (RFC 7519 §4.1.1).</summary>
    IssuerMismatch,

    /// <summary>The <c>aud</c> does not name us (RFC 7519 §4.1.3).</summary>
    AudienceMismatch,

    /// <summary>The <c>exp</c> has been reached, beyond the clock skew (RFC 7519 §4.1.4): by our clock, or when the denylist was made.</summary>
    Expired,

    /// <summary>From <c>iat</c> to <c>exp</c> is longer than we, or the head of the denylist, allow.</summary>
    LifetimeTooLong,

    /// <summary>The <c>iat</c> or <c>nbf</c> lies in the future, beyond the clock skew (RFC 7519 §4.1.5 and §4.1.6).</summary>
    NotYetValid,

    /// <summary>A rule of the denylist ended it.</summary>
    Revoked,

    /// <summary>
    /// The denylist could not be asked, or the token had expired when the denylist was made and that is more than 5 seconds ahead of our
    /// clock: one of the two clocks is wrong. Our trouble, not the caller's: answer 503, not 401.
    /// </summary>
    RevocationUnknown,
}
