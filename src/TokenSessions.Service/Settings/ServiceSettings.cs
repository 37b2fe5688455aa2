using System.Text;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Sessions;
using TokenSessions.Service.Users;

namespace TokenSessions.Service.Settings;

/// <summary>Everything that can be set, from the section <c>TokenSessions</c>; in environment variables <c>__</c> stands for <c>:</c>.</summary>
internal sealed record ServiceSettings
{
    public const string Section = "TokenSessions";
    public const string DevelopmentIssuer = "http://localhost:5080";
    public const string DevelopmentAudience = "sample-api";

    /// <summary>Where <see cref="DataDirectory"/> lies by default: under the user's local application data.</summary>
    private const string DirectoryName = "tokensessions";
    private const string UsersFileName = "users.json";

    /// <summary>So that tokens issued under a longer setting outlive its shortening.</summary>
    private static readonly TimeSpan UsualMaxTokenLifetime = TimeSpan.FromHours(1);

    private static readonly string[] Names =
    [
        nameof(Issuer), nameof(Audience), nameof(Audiences), nameof(ClientIds), nameof(DataDirectory), nameof(KeyRing), nameof(Users),
        .. StoreSettings.Names, .. RegionSettings.Names, nameof(FirstRunPassword), nameof(AccessTokenLifetime), nameof(RefreshIdleLifetime), nameof(SessionLifetime),
        nameof(Grace), nameof(JwksMaxAge), nameof(AnnounceTime), nameof(AllowPrivateKeysInFiles),
    ];

    /// <summary>Settings of validating APIs. They may stand in the same environment, and mean nothing here.</summary>
    private static readonly string[] NamesOfApis =
    [
        "KeySetUri", "KeySetFile", "DenylistUri", "AcceptTokensWhileDenylistIsDown", "AcceptTokensWithoutDenylist",
    ];

    private static readonly string[] NamesOfAudience =
        [nameof(AudienceOptions.Uri), nameof(AudienceOptions.Algorithm), nameof(AudienceOptions.Type), nameof(AudienceOptions.Scopes)];

    /// <summary>True in the environment Development: http on loopback, a first run, and keys in local files are fine there.</summary>
    public bool IsDevelopment { get; private init; }

    /// <summary>The <c>iss</c> of every token and the address of this service. Never taken from a request.</summary>
    public string Issuer { get; private init; } = "";

    /// <summary>The <c>aud</c> of a session whose login names none.</summary>
    public string Audience { get; private init; } = "";

    /// <summary>Further audiences that a login can ask for.</summary>
    public IReadOnlyList<AudienceOptions> Audiences { get; private init; } = [];

    /// <summary>The <c>client_id</c> values that a login can name. Default: <c>default</c> alone.</summary>
    public IReadOnlyList<string> ClientIds { get; private init; } = ["default"];

    /// <summary>Which store.</summary>
    public StoreSettings Store { get; private init; } = new();

    /// <summary>The regions.</summary>
    public RegionSettings Regions { get; private init; } = new();

    /// <summary>Where the embedded store lies, and by default the key ring and the users. Nobody but the service's user may read it.</summary>
    public string DataDirectory { get; private init; } = "";

    /// <summary>The key ring file. Default: <c>keys/ring.json</c> in the data directory.</summary>
    public string KeyRing { get; private init; } = "";

    /// <summary>The users file. Default: <c>users.json</c> in the data directory.</summary>
    public string Users { get; private init; } = "";

    /// <summary>True if the key ring was named by its setting: a file that is named must exist.</summary>
    public bool IsKeyRingNamed { get; private init; }

    /// <summary>True if the users file was named by its setting: a file that is named must exist.</summary>
    public bool IsUsersNamed { get; private init; }

    /// <summary>The password of both users of a first run, instead of generated ones. Development only.</summary>
    public string? FirstRunPassword { get; private init; }

    /// <summary>See <c>SessionIssuerOptions</c>, which checks the range. Default 10 minutes.</summary>
    public TimeSpan AccessTokenLifetime { get; private init; }

    /// <summary>How long a session lives without a refresh. Default 14 days.</summary>
    public TimeSpan RefreshIdleLifetime { get; private init; }

    /// <summary>How long a session lives at most. Default 30 days.</summary>
    public TimeSpan SessionLifetime { get; private init; }

    /// <summary>How long a repeated refresh gets the same successor. Default 30 seconds.</summary>
    public TimeSpan Grace { get; private init; }

    /// <summary>How long others may cache the key set. Default 1 hour, never above <see cref="AnnounceTime"/>.</summary>
    public TimeSpan JwksMaxAge { get; private init; }

    /// <summary>How long a key is published before it signs: a changed key ring that would not wait is refused. Default 24 hours.</summary>
    public TimeSpan AnnounceTime { get; private init; }

    /// <summary>Outside Development: accepts private keys that lie unprotected in local files. Default false.</summary>
    public bool AllowPrivateKeysInFiles { get; private init; }

    /// <summary>Settings under these names exist, but not for this service: misspelt, perhaps.</summary>
    public IReadOnlyList<string> Unknown { get; private init; } = [];

    /// <summary>Reads all settings.</summary>
    /// <exception cref="StartException">Some cannot be used; the message has a line for each.</exception>
    public static ServiceSettings Read(IConfiguration configuration, bool isDevelopment)
    {
        var reader = new SettingsReader(configuration, Section);
        var directory = reader.Text(nameof(DataDirectory)) ?? DefaultDirectory();
        var clients = reader.Texts(nameof(ClientIds));
        var settings = new ServiceSettings
        {
            IsDevelopment = isDevelopment,
            Issuer = reader.Text(nameof(Issuer)) ?? (isDevelopment ? DevelopmentIssuer : ""),
            Audience = reader.Text(nameof(Audience)) ?? (isDevelopment ? DevelopmentAudience : ""),
            Audiences = [.. reader.Children(nameof(Audiences)).Select(path => ReadAudience(reader, path))],
            ClientIds = clients.Count > 0 ? clients : ["default"],
            DataDirectory = directory.Length > 0 ? Path.GetFullPath(directory) : "",
            KeyRing = Path.GetFullPath(reader.Text(nameof(KeyRing)) ?? Path.Combine(directory, "keys", "ring.json")),
            Users = Path.GetFullPath(reader.Text(nameof(Users)) ?? Path.Combine(directory, UsersFileName)),
            IsKeyRingNamed = reader.Text(nameof(KeyRing)) is not null,
            IsUsersNamed = reader.Text(nameof(Users)) is not null,
            Store = StoreSettings.Read(reader),
            Regions = RegionSettings.Read(reader, isDevelopment),
            FirstRunPassword = reader.Text(nameof(FirstRunPassword)),
            AccessTokenLifetime = reader.Duration(nameof(AccessTokenLifetime), TimeSpan.FromMinutes(10)),
            RefreshIdleLifetime = reader.Duration(nameof(RefreshIdleLifetime), TimeSpan.FromDays(14)),
            SessionLifetime = reader.Duration(nameof(SessionLifetime), TimeSpan.FromDays(30)),
            Grace = reader.Duration(nameof(Grace), TimeSpan.FromSeconds(30)),
            JwksMaxAge = reader.Duration(nameof(JwksMaxAge), TimeSpan.FromHours(1)),
            AnnounceTime = reader.Duration(nameof(AnnounceTime), TimeSpan.FromHours(24)),
            AllowPrivateKeysInFiles = reader.Flag(nameof(AllowPrivateKeysInFiles)),
            Unknown =
            [
                .. reader.Unknown(null, [.. Names, .. NamesOfApis]),
                .. reader.Children(nameof(Audiences)).SelectMany(path => reader.Unknown(path, NamesOfAudience)),
                .. reader.Children(nameof(Regions)).SelectMany(path => reader.Unknown(path, RegionSettings.NamesOfRegion)),
                .. reader.Unknown("DynamoDb", ["Table"]),
            ],
        };

        settings.Check(reader);
        if (reader.Problems.Count == 0)
        {
            return settings;
        }

        // What is missing may stand there misspelt.
        var problems = reader.Problems.Concat(settings.Unknown.Select(name => $"{name} is no setting of this service."));
        throw new StartException($"The service cannot start with these settings:\n{string.Join('\n', problems.Select(problem => $"- {problem}"))}");
    }

    /// <summary>Reads only where the users file lies: a command that changes it needs no service that could start.</summary>
    /// <exception cref="StartException">There is no such place.</exception>
    public static ServiceSettings ReadPlaces(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration, Section);
        var directory = reader.Text(nameof(DataDirectory)) ?? DefaultDirectory();
        var users = reader.Text(nameof(Users));
        if (users is null && directory.Length == 0)
        {
            throw new StartException($"{Section}:{nameof(DataDirectory)} is missing, and this user has no directory for local application data.");
        }

        return new()
        {
            DataDirectory = directory.Length > 0 ? Path.GetFullPath(directory) : "",
            Users = Path.GetFullPath(users ?? Path.Combine(directory, UsersFileName)),
            IsUsersNamed = users is not null,
        };
    }

    /// <summary>Every <c>typ</c> that this issuer's tokens can have.</summary>
    public IEnumerable<string> TokenTypes => Audiences.Select(audience => audience.Type).Append(new AudienceOptions().Type).Distinct();

    /// <summary>The longest life of a token that this issuer can have made: longer ones are not its own.</summary>
    public TimeSpan MaxTokenLifetime => AccessTokenLifetime > UsualMaxTokenLifetime ? AccessTokenLifetime : UsualMaxTokenLifetime;

    /// <summary>What the issuing core needs of these.</summary>
    public SessionIssuerOptions ToIssuerOptions() => new()
    {
        Issuer = Issuer,
        DefaultAudience = Audience,
        Audiences = [.. Audiences],
        ClientIds = [.. ClientIds],
        AccessTokenLifetime = AccessTokenLifetime,
        RefreshIdleLifetime = RefreshIdleLifetime,
        SessionLifetime = SessionLifetime,
        Grace = Grace,
        Region = Regions.Region,
        Regions = Regions.Count,
        ReplicationLag = Regions.ReplicationLag,
        FeedShards = Store.FeedShards,
    };

    private static AudienceOptions ReadAudience(SettingsReader reader, string path)
    {
        var scopes = reader.Texts($"{path}:{nameof(AudienceOptions.Scopes)}");
        var audience = new AudienceOptions();
        return audience with
        {
            Uri = reader.Text($"{path}:{nameof(AudienceOptions.Uri)}") ?? "",
            Algorithm = reader.Text($"{path}:{nameof(AudienceOptions.Algorithm)}") ?? audience.Algorithm,
            Type = reader.Text($"{path}:{nameof(AudienceOptions.Type)}") ?? audience.Type,
            Scopes = scopes.Count > 0 ? [.. scopes] : null,
        };
    }

    private static string DefaultDirectory()
    {
        var data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return data.Length > 0 ? Path.Combine(data, DirectoryName) : "";
    }

    /// <summary>What the issuing core does not know of. It checks the lifetimes and audiences itself.</summary>
    private void Check(SettingsReader reader)
    {
        if (IssuerProblem(Issuer, IsDevelopment) is { } issuer)
        {
            reader.Report(nameof(Issuer), issuer);
        }

        if (DataDirectory.Length == 0)
        {
            reader.Report(nameof(DataDirectory), "is missing, and this user has no directory for local application data.");
        }

        if (FirstRunPassword is not null && !IsDevelopment)
        {
            reader.Report(nameof(FirstRunPassword), "is for Development only: elsewhere add users with `users add NAME`.");
        }

        if (FirstRunPassword is not null && FirstRunPasswordProblem(FirstRunPassword) is { } password)
        {
            reader.Report(nameof(FirstRunPassword), password);
        }

        if (JwksMaxAge < TimeSpan.FromSeconds(1) || JwksMaxAge > AnnounceTime)
        {
            reader.Report(nameof(JwksMaxAge), $"must be from 1 second to {nameof(AnnounceTime)}, which is {AnnounceTime}, but is {JwksMaxAge}: "
                + "a key that signs before every cache has it would be unknown there.");
        }

        if (Regions.Count > 1 && !Store.IsDynamoDb)
        {
            reader.Report(nameof(Regions), $"has {Regions.Count} entries, but Store is {StoreSettings.Embedded}: regions share a DynamoDB global table, "
                + "or a rule of one would mean nothing in the others.");
        }

        foreach (var problem in new KeyRingOptions { AnnounceTime = AnnounceTime }.Problems())
        {
            reader.Report(nameof(AnnounceTime), problem[(nameof(AnnounceTime).Length + 1)..]);
        }

        CheckAudiences(reader);
        foreach (var problem in ToIssuerOptions().Problems().Where(problem => !problem.StartsWith($"{nameof(Audiences)}[", StringComparison.Ordinal)))
        {
            // Each begins with the name of its option, and all but one are named as their settings.
            var name = problem[..problem.AsSpan().IndexOfAny(" :")];
            var setting = name == nameof(SessionIssuerOptions.DefaultAudience) ? nameof(Audience) : name;
            reader.Report(setting, problem[name.Length..].TrimStart(':', ' '));
        }
    }

    /// <summary>What is wrong with each audience by itself, under the name it has in the configuration.</summary>
    private void CheckAudiences(SettingsReader reader)
    {
        foreach (var (audience, path) in Audiences.Zip(reader.Children(nameof(Audiences))))
        {
            foreach (var problem in audience.Problems())
            {
                var name = problem[..problem.IndexOf(' ', StringComparison.Ordinal)];
                reader.Report($"{path}:{name}", problem[(name.Length + 1)..]);
            }

            if (audience.Uri != Issuer && audience.Scopes?.Contains(BearerSchemes.AdminScope) == true)
            {
                reader.Report($"{path}:{nameof(audience.Scopes)}", $"must not have {BearerSchemes.AdminScope}: it is granted for the issuer's own audience alone.");
            }
        }
    }

    /// <summary>The lines that a first run prints put it into JSON by way of the shell, which escapes nothing.</summary>
    private static string? FirstRunPasswordProblem(string password) => Passwords.Problem(password)
        ?? (password.AsSpan().ContainsAny('"', '\\') ? "must have no quotation mark and no backslash." : null);

    /// <summary>Other verifiers refuse more shapes than the RFCs do: some want no port, most compare every character.</summary>
    private static string? IssuerProblem(string issuer, bool isDevelopment)
    {
        if (issuer.Length == 0)
        {
            return null; // The issuing core says so.
        }

        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.UserInfo.Length > 0)
        {
            return "must be an absolute https address.";
        }

        if (uri.Query.Length > 0 || uri.Fragment.Length > 0 || issuer.EndsWith('/'))
        {
            return "must have no query, no fragment and no slash at its end."; // RFC 8414 §2
        }

        if (isDevelopment)
        {
            return uri.Scheme == "http" && !uri.IsLoopback ? "may begin with http:// for a loopback host only." : null;
        }

        // Compared as written: the parser has already removed a default port and lowered the host.
        var authority = issuer.AsSpan(issuer.IndexOf("//", StringComparison.Ordinal) + 2);
        authority = authority.IndexOf('/') is >= 0 and var end ? authority[..end] : authority;
        if (uri.Scheme != "https" || authority.Contains(':') || Encoding.UTF8.GetByteCount(authority) != authority.Length || authority.ContainsAnyInRange('A', 'Z')
            || !issuer.StartsWith("https://", StringComparison.Ordinal))
        {
            return "must begin with https:// and have no port and a host in lower-case ASCII.";
        }

        return null;
    }
}
