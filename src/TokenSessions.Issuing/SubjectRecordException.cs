namespace TokenSessions.Issuing;

/// <summary>What the directory says of a subject cannot be put in a token: the directory is wrong, not the caller. Answer 500.</summary>
/// <param name="message">Which subject and claim, and what to do.</param>
/// <param name="innerException">Why.</param>
public sealed class SubjectRecordException(string message, Exception? innerException = null) : Exception(message, innerException);
