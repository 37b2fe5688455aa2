using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>Every line that was logged, for the test to read.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyList<LogLine> All => [.. _lines];

    /// <summary>The lines of our own packages with this event id.</summary>
    public IReadOnlyList<LogLine> Of(int eventId) =>
        [.. _lines.Where(line => line.EventId == eventId && line.Category.StartsWith("TokenSessions", StringComparison.Ordinal))];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines._lines.Enqueue(new(category, eventId.Id, logLevel, $"{formatter(state, exception)} {exception}"));
    }
}

/// <summary>One line.</summary>
internal sealed record LogLine(string Category, int EventId, LogLevel Level, string Text);
