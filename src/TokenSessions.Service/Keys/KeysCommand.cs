using System.Globalization;
using TokenSessions.Aws.Keys;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Commands;
using TokenSessions.Service.Running;
using TokenSessions.Service.Settings;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Service.Keys;

/// <summary>The commands <c>keys init</c>, <c>keys add</c> and <c>keys list</c>. A running service takes a changed ring by itself.</summary>
internal sealed class KeysCommand(ServiceSettings settings, ServiceKeyRing ring, KmsKeys kms, RevokedKeys revoked, TimeProvider time, TextWriter output)
{
    private const string KmsSource = "kms";
    private const string WrappedSource = "kms-wrapped";
    private const string FileSource = "file";

    private const string Usage = """
        usage: keys init --wrap-under KMS_KEY [--sign kms|kms-wrapped] [--alg ALG]... [--region REGION]... [--multi-region]
               keys add sign|feed|seal --source kms|kms-wrapped|file [--kms-key KMS_KEY] [--alg ALG] [--region REGION]... [--multi-region] [--starts-at TIME]
               keys list
        ALG is ES256 (the default), ES384, RS256 or PS256. KMS_KEY is a key id or ARN, never an alias: a symmetric key where it wraps others.
        init makes a ring in which every purpose has a key in use and a standby; tokens are signed by new keys in KMS, or with wrapped ones.
        add makes one more key, a standby, or takes the one in KMS that --kms-key names. TIME is as in RFC 3339, such as 2027-01-31T12:00:00Z.
        The ring file, the issuer and the announce time are those of the service's settings, which may stand here too: --TokenSessions:KeyRing=FILE.
        """;

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Those after <c>keys</c>, without settings.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code: 0, or 2 if the command was misspelt.</returns>
    /// <exception cref="StartException">It cannot be done; the ring is as it was.</exception>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var options = new CommandOptions(arguments.Skip(1));
        var run = (arguments is [var verb, ..] ? verb : "") switch
        {
            "init" => Init(options),
            "add" => Add(options),
            "list" => ListAsync,
            _ => null,
        };
        if (run is null || options.Rest.Count > 0)
        {
            await output.WriteLineAsync(Usage);
            return 2;
        }

        try
        {
            await run(cancellationToken);
            return 0;
        }
        catch (KeyRingException e)
        {
            throw new StartException(e.Message, e);
        }
    }

    private Func<CancellationToken, Task>? Init(CommandOptions options)
    {
        var (wrapUnder, sign, place) = (options.Value("--wrap-under"), options.Value("--sign") ?? KmsSource, new Place(options));
        var names = options.Values("--alg");
        var algorithms = (names.Count > 0 ? names : [SignatureAlgorithm.ES256.Name]).Distinct().Select(SignatureAlgorithm.Find).ToArray();
        return wrapUnder is null || sign is not (KmsSource or WrappedSource) || algorithms.Contains(null)
            ? null
            : cancellationToken => InitAsync(wrapUnder, sign, algorithms!, place, cancellationToken);
    }

    private async Task InitAsync(
        string wrapUnder, string sign, SignatureAlgorithm[] algorithms, Place place, CancellationToken cancellationToken)
    {
        if (File.Exists(settings.KeyRing))
        {
            throw new StartException($"{settings.KeyRing} exists already: add to it with `keys add`.");
        }

        // One in use and a standby of each. What is free to make comes first, should the rest fail.
        var wanted = new List<Func<Task<NewKeyRingEntry>>>
        {
            () => MakeAsync(KeyPurpose.Feed, WrappedSource, SignatureAlgorithm.ES256, wrapUnder, place, cancellationToken),
            () => MakeAsync(KeyPurpose.Seal, WrappedSource, null, wrapUnder, place, cancellationToken),
        };
        wanted.AddRange(algorithms.Select(algorithm => (Func<Task<NewKeyRingEntry>>)(
            () => MakeAsync(KeyPurpose.Sign, sign, algorithm, sign == KmsSource ? null : wrapUnder, place, cancellationToken))));
        await WriteAsync([.. wanted, .. wanted], null, cancellationToken);
    }

    private Func<CancellationToken, Task>? Add(CommandOptions options)
    {
        var purpose = Purposes.Select(name => options.Flag(name.Name) ? name.Purpose : KeyPurpose.None).Max();
        var (source, kmsKey, place) = (options.Value("--source"), options.Value("--kms-key"), new Place(options));
        var (alg, start) = (options.Value("--alg"), options.Value("--starts-at"));
        var algorithm = SignatureAlgorithm.Find(alg ?? SignatureAlgorithm.ES256.Name);
        DateTimeOffset? startsAt = start is null ? null : Time(start);
        if (purpose == KeyPurpose.None || source is not (KmsSource or WrappedSource or FileSource) || (source == WrappedSource && kmsKey is null)
            || algorithm is null || (purpose == KeyPurpose.Seal && alg is not null))
        {
            return null;
        }

        return cancellationToken => WriteAsync(
            [() => MakeAsync(purpose, source, algorithm, kmsKey, place, cancellationToken)], startsAt, cancellationToken);
    }

    private Task<NewKeyRingEntry> MakeAsync(
        KeyPurpose purpose, string source, SignatureAlgorithm? algorithm, string? kmsKey, Place place, CancellationToken cancellationToken) => (source, purpose) switch
        {
            (FileSource, _) => Task.FromResult(KeyRingWriter.MakeKeyInFile(settings.KeyRing, purpose, algorithm)),
            (WrappedSource, KeyPurpose.Seal) => kms.CreateWrappedSealingKeyAsync(settings.Issuer, kmsKey!, place.Regions, cancellationToken),
            (WrappedSource, _) => kms.CreateWrappedSigningKeyAsync(purpose, algorithm!, settings.Issuer, kmsKey!, place.Regions, cancellationToken),
            (_, KeyPurpose.Sign) when kmsKey is not null => kms.DescribeAsync(algorithm!, kmsKey, place.Regions, cancellationToken),
            (_, KeyPurpose.Sign) => kms.CreateAsync(
                algorithm!, new() { Region = place.Regions?[0], MultiRegion = place.IsMultiRegion }, cancellationToken),
            _ => throw new StartException("A key in KMS signs tokens only: feed and sealing keys have the source kms-wrapped, so that they work while KMS is down."),
        };

    private async Task WriteAsync(
        IReadOnlyList<Func<Task<NewKeyRingEntry>>> wanted, DateTimeOffset? startsAt, CancellationToken cancellationToken)
    {
        var entries = new List<NewKeyRingEntry>();
        try
        {
            foreach (var make in wanted)
            {
                entries.Add(await make());
            }

            await KeyRingWriter.AddAsync(settings.KeyRing, entries, startsAt, ring.Options, time, ring.Sources, cancellationToken);
        }
        catch (KeyRingException e) when (entries.Any(entry => entry.Source == KmsSource))
        {
            // A key in KMS costs money until somebody schedules its deletion, so none is left without a word.
            var keys = entries.Where(entry => entry.Source == KmsSource).Select(entry => entry.Members.First(member => member.Key == "kms_key").Value);
            throw new StartException($"{e.Message}\nThe ring is as it was. In no ring stand: {string.Join(", ", keys)}", e);
        }

        await ListAsync(cancellationToken);
    }

    /// <summary>Where each key stands, by the file, the clock and, where the store can be read beside a running service, the rules.</summary>
    private async Task ListAsync(CancellationToken cancellationToken)
    {
        await ring.OpenAsync(cancellationToken);
        using var file = ring.File;
        var (current, now) = (file.Current, time.GetUtcNow());
        var isRevoked = await revoked.ReadAsync(cancellationToken);
        foreach (var entry in current.Entries)
        {
            var state = current.StateOf(entry, now, isRevoked);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{Purposes.First(name => name.Purpose == entry.Purpose).Name,-4}  {entry.Algorithm,-7}  {entry.Source,-11}  {state,-14}  {entry.StartsAt.UtcDateTime:yyyy-MM-dd HH:mm}  {entry.KeyId}"));
        }

        foreach (var problem in current.Problems(now, isRevoked))
        {
            await output.WriteLineAsync(problem);
        }
    }

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : throw new StartException("--starts-at must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z.");

    private static (KeyPurpose Purpose, string Name)[] Purposes { get; } =
        [(KeyPurpose.Sign, "sign"), (KeyPurpose.Feed, "feed"), (KeyPurpose.Seal, "seal")];

    /// <summary>In which AWS regions a key is made or asked; null for the one of the AWS settings.</summary>
    private sealed class Place(CommandOptions options)
    {
        public IReadOnlyList<string>? Regions { get; } = options.Values("--region") is { Count: > 0 } regions ? regions : null;

        public bool IsMultiRegion { get; } = options.Flag("--multi-region");
    }
}
