namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>One request as it arrived at the stand-in.</summary>
/// <param name="Region">From the credential scope of the request's signature.</param>
/// <param name="Operation">Such as <c>Sign</c>.</param>
/// <param name="Ordinal">The how-manieth call of this operation, in any region, since the counters were reset; from 1.</param>
internal readonly record struct KmsCall(string Region, string Operation, int Ordinal);

/// <summary>What goes wrong with one request.</summary>
internal enum KmsFault
{
    None = 0,

    /// <summary>400 ThrottlingException; nothing was done.</summary>
    Throttle,

    /// <summary>500 KMSInternalException; nothing was done.</summary>
    ServerError,

    /// <summary>400 AccessDeniedException: the credentials are known and may not do this.</summary>
    AccessDenied,

    /// <summary>400 ExpiredTokenException: temporary credentials have ended.</summary>
    ExpiredToken,

    /// <summary>No answer until the caller gives up.</summary>
    Hang,

    /// <summary>The connection ends; nothing was done.</summary>
    Drop,

    /// <summary>Everything was done; the connection ends instead of the answer.</summary>
    DropAnswer,

    // From here on, of Sign alone: good answers that are rare by nature ...

    /// <summary>A good ECDSA signature whose r has a leading zero byte, so that its DER integer is shorter.</summary>
    ShortR,

    /// <summary>A good ECDSA signature whose s has a leading zero byte.</summary>
    ShortS,

    // ... and answers no caller may believe.

    /// <summary>A well-formed signature over something else.</summary>
    WrongSignature,

    /// <summary>The answer names another key.</summary>
    OtherKeyId,

    /// <summary>The answer names another algorithm.</summary>
    OtherAlgorithm,

    /// <summary>The <c>Signature</c> is an empty string.</summary>
    EmptySignature,

    /// <summary>There is no <c>Signature</c>.</summary>
    NoSignature,

    /// <summary>One byte after the signature.</summary>
    TrailingByte,

    /// <summary>The last byte is missing.</summary>
    Truncated,

    // Malformed DER, of ECDSA alone.

    /// <summary>A tag that is no SEQUENCE.</summary>
    WrongTag,

    /// <summary>The sequence's length in two bytes where one would do: BER, not DER.</summary>
    LongFormLength,

    /// <summary>r with a needless leading zero byte.</summary>
    PaddedR,

    /// <summary>r without the zero byte that keeps it positive.</summary>
    NegativeR,

    /// <summary>r = 0.</summary>
    ZeroR,

    /// <summary>r one byte longer than the curve's numbers.</summary>
    OversizedR,

    /// <summary>A third integer inside the sequence.</summary>
    ThirdInteger,
}
