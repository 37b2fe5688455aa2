namespace TokenSessions.Tests.Vectors;

/// <summary>Who judges a vector.</summary>
internal enum VectorReader
{
    /// <summary>The validator of an API: verdicts are <see cref="TokenSessions.Validation.TokenRejection"/>.</summary>
    AccessToken,

    /// <summary>The issuer, whose keys are in the vector's key set: verdicts are <see cref="TokenSessions.Issuing.SessionRejection"/>.</summary>
    RefreshToken,
}
