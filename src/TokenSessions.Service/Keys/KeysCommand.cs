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
        ALG is ES256 (the default, and the only one of a feed key), ES384, RS256 or PS256. KMS_KEY is a key id or ARN, never an alias: a symmetric key where it wraps others.
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
        return wrapUnder is null || sign is not (KmsSource or WrappedSource) || algorithms.Contains(null) || (place.IsMultiRegion && sign != KmsSource)
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
        await WriteAsync([.. wanted, .. wanted], null, sign == KmsSource, cancellationToken);
    }

    private Func<CancellationToken, Task>? Add(CommandOptions options)
    {
        var purposes = Purposes.Where(name => options.Flag(name.Name)).ToArray();
        var (source, kmsKey, place) = (options.Value("--source"), options.Value("--kms-key"), new Place(options));
        var (alg, start) = (options.Value("--alg"), options.Value("--starts-at"));
        var algorithm = SignatureAlgorithm.Find(alg ?? SignatureAlgorithm.ES256.Name);
        var isMadeInKms = source == KmsSource && kmsKey is null;
        if (purposes is not [var (purpose, _)] || algorithm is null || !IsOffered(purpose, algorithm, alg)
            || source is not (KmsSource or WrappedSource or FileSource) || (source == WrappedSource && kmsKey is null)
            || (source == FileSource && (kmsKey is not null || place.Regions is not null)) || (place.IsMultiRegion && !isMadeInKms))
        {
            return null;
        }

        DateTimeOffset? startsAt = start is null ? null : Time(start, purpose);
        return cancellationToken => WriteAsync(
            [() => MakeAsync(purpose, source, algorithm, kmsKey, place, cancellationToken)], startsAt, isMadeInKms, cancellationToken);
    }

    private static bool IsOffered(KeyPurpose purpose, SignatureAlgorithm algorithm, string? named) => purpose switch
    {
        KeyPurpose.Seal => named is null,
        KeyPurpose.Feed => algorithm == SignatureAlgorithm.ES256,
        _ => true,
    };

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
        IReadOnlyList<Func<Task<NewKeyRingEntry>>> wanted, DateTimeOffset? startsAt, bool areMadeInKms, CancellationToken cancellationToken)
    {
        var isNew = !File.Exists(settings.KeyRing);
        var entries = new List<NewKeyRingEntry>();
        try
        {
            foreach (var make in wanted)
            {
                entries.Add(await make());
            }

            await KeyRingWriter.AddAsync(settings.KeyRing, entries, startsAt, ring.Options, time, ring.Sources, cancellationToken);
        }
        catch (KeyRingException e)
        {
            foreach (var file in Members(entries, FileSource, "file"))
            {
                File.Delete(Path.Combine(Path.GetDirectoryName(settings.KeyRing)!, file));
            }

            // A key in KMS costs money until somebody schedules its deletion, so none is left without a word.
            var left = areMadeInKms ? Members(entries, KmsSource, "kms_key") : [];
            throw left.Length == 0
                ? new StartException(e.Message, e)
                : new StartException($"{e.Message}\nThe ring is as it was. In no ring stand: {string.Join(", ", left)}", e);
        }

        await output.WriteLineAsync(isNew ? $"{settings.KeyRing} was made." : $"{settings.KeyRing} has one more key.");
        try
        {
            await ListAsync(cancellationToken);
        }
        catch (KeyRingException e)
        {
            await output.WriteLineAsync($"It cannot be listed now: {e.Message}"); // But it is written: to fail would ask for the same again.
        }
    }

    private static string[] Members(IEnumerable<NewKeyRingEntry> entries, string source, string name) =>
    [
        .. entries.Where(entry => entry.Source == source).Select(entry => entry.Members.First(member => member.Key == name).Value.GetString()!),
    ];

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

    /// <summary>When the key is to start, checked before it is made: the ring would only refuse it afterwards.</summary>
    private DateTimeOffset Time(string text, KeyPurpose purpose)
    {
        if (!DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start))
        {
            throw new StartException("--starts-at must be a time as in RFC 3339, with Z or an offset, such as 2027-01-31T12:00:00Z.");
        }

        var earliest = time.GetUtcNow() + settings.AnnounceTime;
        return start >= earliest || purpose == KeyPurpose.Seal || !File.Exists(settings.KeyRing)
            ? start
            : throw new StartException($"--starts-at is before every verifier can know the key: let it start at {earliest:yyyy-MM-dd'T'HH:mm:ss'Z'} or later.");
    }

    private static string[] TimeFormats { get; } = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"];

    private static (KeyPurpose Purpose, string Name)[] Purposes { get; } =
        [(KeyPurpose.Sign, "sign"), (KeyPurpose.Feed, "feed"), (KeyPurpose.Seal, "seal")];

    /// <summary>In which AWS regions a key is made or asked; null for the one of the AWS settings.</summary>
    private sealed class Place(CommandOptions options)
    {
        public IReadOnlyList<string>? Regions { get; } = options.Values("--region") is { Count: > 0 } regions ? regions : null;

        public bool IsMultiRegion { get; } = options.Flag("--multi-region");
    }
}
