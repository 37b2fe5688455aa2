using System.Threading.Channels;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

/// <summary>A key set source whose fetches wait until the test answers them.</summary>
internal sealed class GatedKeySetSource : IKeySetSource
{
    private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();
    private TaskCompletionSource<KeySet> _answer = NewAnswer();

    public int Fetches { get; private set; }

    public CancellationToken LastToken { get; private set; }

    public async Task<KeySet> FetchAsync(CancellationToken cancellationToken)
    {
        Fetches++;
        LastToken = cancellationToken;
        var answer = _answer;
        _asked.Writer.TryWrite(true);
        return await answer.Task; // Deaf to its cancellation, as sources of other makers may be.
    }

    /// <summary>Waits until one more fetch has begun.</summary>
    public async Task IsAskedAsync() => await _asked.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public void Answer(params VerificationKey[] keys) => Next().SetResult(new(keys));

    public void Fail(Exception exception) => Next().SetException(exception);

    private TaskCompletionSource<KeySet> Next() => Interlocked.Exchange(ref _answer, NewAnswer());

    private static TaskCompletionSource<KeySet> NewAnswer() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
