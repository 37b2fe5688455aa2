namespace TokenSessions.Issuing.Keys;

/// <summary>A key ring file, or a key it names, cannot be used.</summary>
/// <param name="message">Which file, which key, which member, and what to do; no key material.</param>
/// <param name="innerException">Why.</param>
public sealed class KeyRingException(string message, Exception? innerException = null) : Exception(message, innerException);
