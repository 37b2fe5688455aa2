using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>What a document of the feed says, under a good signature: of a service of another version, or of whoever stole the feed key.</summary>
internal sealed class FeedContentTarget : IFuzzTarget
{
    private static readonly string[] Numbers =
        ["0", "1", "-1", "64", "65", "4", "5", "316224000", "316224001", "253402300799999", "253402300800000", "9223372036854775807", "1.0", "1e3", "\"1\"", "null"];

    private static readonly string[] Rules =
    [
        "[]", "[[]]", "[[\"dZQOY2RnkJhyxtG5DvpFmg\"]]", "[[\"dZQOY2RnkJhyxtG5DvpFmh\",1]]", "[[\"dZQOY2RnkJhyxtG5DvpFmg\",0]]", "[[\"\",1]]", "{}", "null",
        "[[\"\\u0064ZQOY2RnkJhyxtG5DvpFmg\",1]]", "[[\"dZQOY2RnkJhyxtG5DvpFmg\",253402300799999,253402300799999]]", "[[\"dZQOY2RnkJhyxtG5DvpFmg\",1,0]]", "[[1,1]]",
        "[[\"dZQOY2RnkJhyxtG5DvpFmg\",1,1,1]]", "[[\"dZQOY2RnkJhyxtG5DvpFmg\",1],[\"dZQOY2RnkJhyxtG5DvpFmg\",1,5]]",
    ];

    private static readonly DocumentMutator Mutator = new(new Dictionary<string, string[]>
    {
        ["iss"] = ["\"https://issuer.example\"", "\"\"", "null", "\"\\ud800\"", "\"https:\\/\\/issuer.example\""],
        ["as_of"] = Numbers,
        ["cursor"] = ["\"\"", "\"c\"", "\"\\ud800\"", $"\"{new string('c', 255)}\"", $"\"{new string('c', 3000)}\"", "null"],
        ["whole"] = ["true", "false", "null", "1"],
        ["head"] = ["{}", "null", "[]"],
        ["rules"] = Rules,
        ["standing"] = Rules,
        ["shards"] = Numbers,
        ["regions"] = Numbers,
        ["window"] = Numbers,
        ["longest_access_token_lifetime"] = Numbers,
        ["longest_refresh_life"] = Numbers,
        ["\\ud800ules"] = ["[]"],
        ["\\u0072ules"] = Rules,
    });

    private readonly FeedReader _reader;

    private FeedContentTarget(FeedReader reader) => _reader = reader;

    public static async Task<FeedContentTarget> BeginAsync() => new(await FeedReader.BeginAsync());

    public FuzzInput Next(Random random) => FuzzInput.Of(random.Next(50) == 0 ? _reader.Content : Mutator.Mutate(random, _reader.Content));

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var document = await _reader.SignAsync(input.Bytes);
        var changes = await _reader.ReadAsync(document);
        var isSynced = await _reader.SyncAsync(document);
        FuzzFindingException.ThrowUnless(changes is not null || !isSynced, "A sync has counted a document that is refused.");
        if (changes is null)
        {
            return false;
        }

        var read = DenylistDocument.Parse(input.Bytes);
        var written = read.ToJson();
        var again = DenylistDocument.Parse(written.Span);
        FuzzFindingException.ThrowUnless(
            again.ToJson().Span.SequenceEqual(written.Span) && again.Rules.Order(InOrder).SequenceEqual(read.Rules.Order(InOrder)) && again.Head == read.Head
                && changes.Rules.Count == read.Rules.Count,
            "It is not the same when it was written and read again.");
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _reader.Dispose();
        return default;
    }

    /// <summary>Standing rules are written behind the others.</summary>
    private static Comparer<DenylistRule> InOrder { get; } = Comparer<DenylistRule>.Create((a, b) => a.IsStanding.CompareTo(b.IsStanding));
}
