using System.Text;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The text of a document of the signed feed. Nothing but what was signed may be believed.</summary>
internal sealed class FeedTarget : IFuzzTarget
{
    private readonly FeedReader _reader;
    private readonly byte[] _document;
    private readonly byte[] _other;

    private FeedTarget(FeedReader reader, byte[] document, byte[] other) => (_reader, _document, _other) = (reader, document, other);

    public static async Task<FeedTarget> BeginAsync()
    {
        var reader = await FeedReader.BeginAsync();
        return new(reader, await reader.SignAsync(reader.Content), await reader.SignAsync([.. reader.Content, (byte)' ']));
    }

    public FuzzInput Next(Random random) => random.Next(20) switch
    {
        0 => FuzzInput.Of(_document),
        < 8 => FuzzInput.Of(ByteMutator.Mutate(random, _document, _other)),
        _ => FuzzInput.Of(TextMutator.Mutate(random, Encoding.ASCII.GetString(_document), Encoding.ASCII.GetString(_other)).Text),
    };

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var isTaken = await _reader.ReadAsync(input.Bytes) is not null;
        FuzzFindingException.ThrowUnless(
            !isTaken || input.Bytes.AsSpan().SequenceEqual(_document) || input.Bytes.AsSpan().SequenceEqual(_other), "What nobody signed was believed.");
        return isTaken;
    }

    public ValueTask DisposeAsync()
    {
        _reader.Dispose();
        return default;
    }
}
