namespace TokenSessions.Service.Tests.Processes;

/// <summary>Lines of text, in a file that is gone with it: processes that log all they can print more than memory should hold.</summary>
internal sealed class Transcript : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"tokensessions-transcript-{Guid.NewGuid():N}");
    private readonly StreamWriter _writer;
    private bool _isOver;

    public Transcript() => _writer = new(new FileStream(_path, new FileStreamOptions
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        Options = FileOptions.DeleteOnClose,
    }));

    public void Add(string? line)
    {
        lock (_gate)
        {
            if (!_isOver) // Of a process that is given up a line may still come.
            {
                _writer.WriteLine(line);
            }
        }
    }

    /// <summary>All lines so far, one by one.</summary>
    public IEnumerable<string> Lines()
    {
        lock (_gate)
        {
            _writer.Flush();
        }

        using var reader = new StreamReader(_path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    public override string ToString() => string.Join('\n', Lines());

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            _writer.Dispose();
        }
    }
}
