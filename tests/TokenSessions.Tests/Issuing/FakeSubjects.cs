using System.Collections.Concurrent;
using TokenSessions.Issuing;

namespace TokenSessions.Tests.Issuing;

/// <summary>A directory of subjects in memory.</summary>
internal sealed class FakeSubjects : ISubjectDirectory
{
    private readonly ConcurrentDictionary<string, SubjectRecord> _records = new();

    /// <summary>Awaited before each answer.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    public SubjectRecord this[string subject]
    {
        get => _records[subject];
        set => _records[subject] = value;
    }

    public async ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken)
    {
        await Before();
        return _records.GetValueOrDefault(subject);
    }
}
