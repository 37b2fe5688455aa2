using System.Security.Cryptography;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>What an API holds: keys, a denylist that it has read, and a validator; the clock is the real one.</summary>
internal sealed class Api
{
    /// <summary>The default of <see cref="TokenValidationOptions.MaxRememberedTokens"/>.</summary>
    public const int DefaultRemembered = 10_000;

    private readonly Feed _feed;
    private readonly DenylistSync _denylist;
    private readonly KeySetCache _keys;
    private readonly int _remembered;

    /// <param name="keys">The issuer's.</param>
    /// <param name="rules">How many rules its denylist has, watermarks among them; none of them denies a token of ours.</param>
    /// <param name="remembered">How many tokens its validator may remember.</param>
    public Api(IEnumerable<VerificationKey> keys, int rules = 0, int remembered = DefaultRemembered)
    {
        _remembered = remembered;
        var set = new KeySet(keys);
        _keys = new(new StaticKeySetSource(set), TimeProvider.System, set);
        _feed = new(rules);
        _denylist = new(_feed, TimeProvider.System);
        Sync();
        Validator = NewValidator();
    }

    public TokenValidator Validator { get; private set; }

    /// <summary>Begins with a validator that has seen no token.</summary>
    /// <remarks>Where that is done for every run, let it remember few: fresh memory would be paid for page by page, which a process pays once.</remarks>
    public void Forget() => Validator = NewValidator();

    /// <summary>Adds a rule that denies none of our tokens: the snapshot is another one.</summary>
    public void ChangeSnapshot()
    {
        _feed.Add();
        Sync();
    }

    /// <summary>Lets them be seen, each as a string that does not come again.</summary>
    public void See(IEnumerable<string> tokens) => Parallel.ForEach(tokens, token => Accept(new string(token.AsSpan())));

    /// <summary>Good tokens, or the figures mean nothing.</summary>
    public void Accept(string token) => Accept(token.AsMemory());

    /// <inheritdoc cref="Accept(string)"/>
    public void Accept(ReadOnlyMemory<char> token)
    {
        var result = Validate(token);
        if (!result.IsValid)
        {
            throw new InvalidOperationException($"A good token was refused: {result}");
        }
    }

    /// <summary>What is refused must be so for the reason that is measured.</summary>
    public void Refuse(string token, TokenRejection rejection)
    {
        var result = Validate(token.AsMemory());
        if (result.Rejection != rejection)
        {
            throw new InvalidOperationException($"Not {rejection}: {result}");
        }
    }

    private TokenValidationResult Validate(ReadOnlyMemory<char> token)
    {
        var validation = Validator.ValidateAsync(token, TimeSpan.MaxValue);
        return validation.IsCompletedSuccessfully
            ? validation.Result
            : validation.AsTask().GetAwaiter().GetResult(); // An unknown key has the set fetched, now and then.
    }

    /// <summary>The one place where the options of every validator here are set.</summary>
    private TokenValidator NewValidator() => new(
        new()
        {
            Issuer = SignedTokens.Issuer,
            Audiences = [SignedTokens.Audience],
            MaxRememberedTokens = _remembered,
            MaxRememberedBytes = 1L << 32, // The number is the limit that is measured.
            MaxStaleness = TimeSpan.FromMinutes(10), // Nobody polls while a section runs.
        },
        _keys,
        _denylist,
        TimeProvider.System);

    private void Sync()
    {
        var outcome = _denylist.SyncAsync().GetAwaiter().GetResult();
        if (!outcome.IsComplete)
        {
            throw new InvalidOperationException(outcome.Problem);
        }
    }

    private sealed class Feed(int rules) : IDenylistFeed
    {
        private static readonly DenylistHead Head = new()
        {
            Window = TimeSpan.FromMinutes(66),
            LongestAccessTokenLifetime = TimeSpan.FromHours(1),
            LongestRefreshLife = TimeSpan.FromDays(30),
        };

        private const int RulesPerWatermark = 100;

        private readonly List<DenylistRule> _rules = [.. Enumerable.Range(0, rules).Select(i => NewRule(i % RulesPerWatermark == 0 ? 1 : 0))];

        private int _sent;

        public void Add() => _rules.Add(NewRule(watermark: 0));

        public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
        {
            var isWhole = since is null;
            var changes = _rules.GetRange(isWhole ? 0 : _sent, _rules.Count - (isWhole ? 0 : _sent));
            _sent = _rules.Count;
            return Task.FromResult(new DenylistChanges(DateTimeOffset.UtcNow, Head, changes, isWhole));
        }

        private static DenylistRule NewRule(long watermark) => new(
            new(new UInt128(Random(), Random())), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), watermark, IsStanding: false);

        private static ulong Random() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    }
}
