namespace TokenSessions.Service.Settings;

/// <summary>The service cannot start as it is set up; the message says everything that is wrong and what to do.</summary>
internal sealed class StartException(string message, Exception? innerException = null) : Exception(message, innerException);
