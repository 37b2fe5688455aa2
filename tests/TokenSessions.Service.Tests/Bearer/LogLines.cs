using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>Every line that was logged, for the test to read.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private readonly ConcurrentQueue<LogLine> _scopes = new();

    public IReadOnlyList<LogLine> All => [.. _lines];

    /// <summary>What lines were logged within.</summary>
    public IReadOnlyList<LogLine> Scopes => [.. _scopes];

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
            where TState : notnull
        {
            lines._scopes.Enqueue(new(category, 0, LogLevel.Trace, Describe(state)));
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines._lines.Enqueue(new(category, eventId.Id, logLevel, $"{formatter(state, exception)} {exception}") { Values = Describe(state) });

        /// <summary>A sink may keep each value by itself, those that the line leaves out as well.</summary>
        private static string Describe<TState>(TState state) => state is IEnumerable<KeyValuePair<string, object?>> values
            ? string.Join('\n', values.Select(pair => pair.Value is IEnumerable<object> many ? string.Join(' ', many) : $"{pair.Value}"))
            : $"{state}";
    }
}

/// <summary>One line.</summary>
internal sealed record LogLine(string Category, int EventId, LogLevel Level, string Text)
{
    public string Values { get; init; } = "";
}
