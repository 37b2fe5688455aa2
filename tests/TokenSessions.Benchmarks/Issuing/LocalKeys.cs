using System.Text;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Peers;
using TokenSessions.Benchmarks.Validation;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Issuing.Tokens;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Issuing;

/// <summary>Issuing under a key in this process, beside the signature alone.</summary>
internal static class LocalKeys
{
    private const double MostRatio = 1.12;
    private const double MostBytes = 1.7 * 1024;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var directory = Directory.CreateTempSubdirectory("tokensessions-benchmark-");
        try
        {
            var ringPath = Path.Combine(directory.FullName, "ring.json");
            KeyRingWriter.Create(ringPath, TimeProvider.System);
            using var ring = await KeyRingFile.OpenAsync(ringPath, new() { AllowPrivateKeysInFiles = true }, TimeProvider.System);
            using var issuer = new SignedTokens(SignatureAlgorithm.ES256);
            var (node, missing) = await NodePeers.StartAsync((issuer, []));
            using (node)
            {
                return Measure(effort, ring, issuer, node, missing);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static List<Row> Measure(Effort effort, KeyRingFile ring, SignedTokens issuer, NodePeers? node, string missing)
    {
        var sessions = new SessionIssuer(
            new() { Issuer = SignedTokens.Issuer, DefaultAudience = SignedTokens.Audience }, ring, new NoRules(), new Anybody(), TimeProvider.System);
        var start = new SessionStart { Subject = "ada", AuthenticationMethods = ["pwd"] };
        using var key = LocalSigningKey.Import(issuer.Ecdsa!.ExportPkcs8PrivateKey(), issuer.Key);
        var (writer, token) = (new TokenWriter(new(TimeProvider.System, null)), Token());
        var signed = issuer.Sign("ada");
        var input = Encoding.ASCII.GetBytes(signed[..signed.LastIndexOf('.')]);
        List<Contestant> contestants =
        [
            Repeat("bare signature", () => Use(issuer.Ecdsa!.SignData(input, issuer.Algorithm.Hash))), // The fastest way: see the section signing.
            Repeat("write one access token", () => Done(writer.WriteAsync(
                token with { TokenId = TokenId.New() }, key, SignedTokens.Type, CancellationToken.None))),
            Repeat("start a session", () => Done(sessions.StartAsync(start))),
        ];
        foreach (var version in IdentityModel.All)
        {
            var create = version.CreateToken(issuer);
            contestants.Add(Repeat($"JsonWebTokenHandler {version.Version} (`CreateToken`)", () => Use(create())));
        }

        if (node is not null)
        {
            contestants.Add(node.Take(NodePeers.JoseSigning, issuer));
        }

        var figures = Rounds.Measure(effort, contestants);
        var (bare, written, started) = (figures[0], figures[1], figures[2]);
        var ratio = written.RatioTo(bare);
        return
        [
            Row.Of($"issue: {written.Name}, beside the {bare.Name} ({bare.WithBytes()})", $"≤ {Row.Times(MostRatio)}", written.ToString(), Row.Times(ratio), ratio <= MostRatio),
            Row.Of($"issue: {written.Name}, allocated", $"≤ {MostBytes:0} B", $"{written.Bytes:0} B", "", written.Bytes <= MostBytes),
            Row.Of($"issue: {started.Name} (rules asked in memory, refresh token sealed too)", started.WithBytes(), $"{Row.Times(started.RatioTo(bare))} of bare"),
            .. figures[3..].Select(other => Row.Of(
                $"… beside {other.Name}", other.Bytes > 0 ? other.WithBytes() : other.ToString(), $"{Row.Times(other.RatioTo(bare))} of bare")),
            .. node is null ? [Row.Of("… beside jose", missing)] : Array.Empty<Row>(),
        ];
    }

    private static Contestant Repeat(string name, Action work) => Contestant.Of(name, times =>
    {
        for (var i = 0; i < times; i++)
        {
            work();
        }
    });

    private static void Done(ValueTask<string> written) => Use(written.IsCompletedSuccessfully ? written.Result : throw NotSynchronous());

    private static void Done(Task<string> written) => Done(new ValueTask<string>(written));

    private static void Done(Task<SessionResult> started)
    {
        // Bytes are counted on this thread: nothing here may wait.
        if (!started.IsCompletedSuccessfully || !started.Result.IsIssued)
        {
            throw NotSynchronous();
        }
    }

    private static InvalidOperationException NotSynchronous() => new("Nothing was issued, or only later.");

    private static void Use(object made) => GC.KeepAlive(made);

    private static AccessToken Token()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new()
        {
            TokenId = TokenId.New(),
            IssuedAt = now,
            ExpiresAt = now + 600,
            Scopes = ["reports.read", "reports.write"],
            Subject = new() { Roles = ["clerk"] },
            Session = new()
            {
                Issuer = SignedTokens.Issuer,
                Subject = "ada",
                SessionId = TokenId.NewSession(0),
                Generation = 0,
                Seen = default,
                ClientId = "default",
                Audience = SignedTokens.Audience,
                Scopes = ["reports.read", "reports.write"],
                AuthenticatedAt = now,
                AuthenticationMethods = ["pwd"],
                AuthenticationContext = null,
                IssuedAt = now,
                ExpiresAt = now + 3600,
                SessionEndsAt = now + 3600,
            },
        };
    }

    private sealed class Anybody : ISubjectDirectory
    {
        private static readonly SubjectRecord Record = new() { Scopes = ["reports.read", "reports.write"], Roles = ["clerk"] };

        public ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken) => new(Record);
    }

    /// <summary>A store that answers at once: no rule stands.</summary>
    private sealed class NoRules : ISessionStore
    {
        private static readonly Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> None =
            Task.FromResult<IReadOnlyDictionary<AuthorityKey, AuthorityItem>>(new Dictionary<AuthorityKey, AuthorityItem>());

        private StoredHead? _head;

        public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
            IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken) => None;

        public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) => Task.FromResult(_head);

        public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken) =>
            Task.FromResult(_head = StoredHead.Raise(_head, atLeast, at));

        public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
