using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.Loader;
using TokenSessions.Benchmarks.Validation;

namespace TokenSessions.Benchmarks.Peers;

/// <summary>Microsoft's token handlers of one version, out of a folder: several versions stand in one process that way.</summary>
/// <remarks>Reached by reflection when they are set up. What is measured is a compiled delegate, as fast as a written call.</remarks>
internal sealed class IdentityModel
{
    /// <summary>A folder with the assemblies of another version, to be measured as well.</summary>
    public const string PathVariable = "TOKENSESSIONS_IDENTITYMODEL_PATH";

    private readonly Assembly _tokens;
    private readonly Assembly _jwt;
    private readonly Assembly _handlers;

    private IdentityModel(string folder)
    {
        var context = new AssemblyLoadContext(folder);
        context.Resolving += (_, name) =>
            Path.Combine(folder, name.Name + ".dll") is var file && File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        (_tokens, _handlers, _jwt) = (Load("Microsoft.IdentityModel.Tokens"), Load("Microsoft.IdentityModel.JsonWebTokens"), Load("System.IdentityModel.Tokens.Jwt"));
        Version = _handlers.GetName().Version!.ToString(3);

        Assembly Load(string name) => context.LoadFromAssemblyPath(Path.Combine(folder, name + ".dll"));
    }

    public string Version { get; }

    /// <summary>The versions there are, oldest first: those that the build brings, and the one the environment names.</summary>
    public static IReadOnlyList<IdentityModel> All { get; } =
    [
        .. new[] { Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, "IdentityModel")), Given() }
            .SelectMany(folders => folders).Select(folder => new IdentityModel(folder)).OrderBy(version => System.Version.Parse(version.Version)),
    ];

    /// <summary>The one that a new application would take.</summary>
    public static IdentityModel Newest => All[^1];

    /// <summary><c>JsonWebTokenHandler</c>: true if it accepts the token. It does not throw.</summary>
    public Func<string, bool> JsonWebTokenHandler(SignedTokens issuer)
    {
        object handler = Make(_handlers, "Microsoft.IdentityModel.JsonWebTokens.JsonWebTokenHandler");
        var token = Expression.Parameter(typeof(string));
        var parameters = Expression.Constant((object)Parameters(issuer));
        Type[] signature = [typeof(string), parameters.Type];
        Expression result = handler.GetType().GetMethod("ValidateTokenAsync", signature) is { } asynchronous
            ? Expression.Property(Expression.Call(Expression.Constant(handler), asynchronous, token, parameters), "Result") // Nothing in it waits.
            : Expression.Call(Expression.Constant(handler), handler.GetType().GetMethod("ValidateToken", signature)!, token, parameters);
        return Expression.Lambda<Func<string, bool>>(Expression.Property(result, "IsValid"), token).Compile();
    }

    /// <summary><c>JwtSecurityTokenHandler</c>: true if it accepts the token. It throws for one that it refuses.</summary>
    public Func<string, bool> JwtSecurityTokenHandler(SignedTokens issuer)
    {
        object handler = Make(_jwt, "System.IdentityModel.Tokens.Jwt.JwtSecurityTokenHandler");
        var token = Expression.Parameter(typeof(string));
        var parameters = Expression.Constant((object)Parameters(issuer));
        var read = Expression.Variable(_tokens.GetType("Microsoft.IdentityModel.Tokens.SecurityToken", throwOnError: true)!);
        var method = handler.GetType().GetMethod("ValidateToken", [typeof(string), parameters.Type, read.Type.MakeByRefType()])!;
        var principal = Expression.Call(Expression.Constant(handler), method, token, parameters, read);
        return Expression.Lambda<Func<string, bool>>(Expression.Block([read], Expression.NotEqual(principal, Expression.Constant(null))), token).Compile();
    }

    /// <summary><c>JsonWebTokenHandler.CreateToken</c> of the same header and claims as ours.</summary>
    public Func<string, string> CreateToken(SignedTokens issuer)
    {
        object handler = Make(_handlers, "Microsoft.IdentityModel.JsonWebTokens.JsonWebTokenHandler");
        object credentials = Make(_tokens, "Microsoft.IdentityModel.Tokens.SigningCredentials", Key(issuer), issuer.Algorithm.Name);
        var headers = new Dictionary<string, object> { ["typ"] = SignedTokens.Type };
        var claims = Expression.Parameter(typeof(string));
        var method = handler.GetType().GetMethod("CreateToken", [typeof(string), credentials.GetType(), typeof(IDictionary<string, object>)]);
        return method is null
            ? throw new NotSupportedException($"IdentityModel {Version} has no such method.")
            : Expression.Lambda<Func<string, string>>(
                Expression.Call(Expression.Constant(handler), method, claims, Expression.Constant(credentials), Expression.Constant(headers)), claims).Compile();
    }

    private static string[] Given() => Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } folder ? [Path.GetFullPath(folder)] : [];

    private static dynamic Make(Assembly assembly, string type, params object[] arguments) =>
        Activator.CreateInstance(assembly.GetType(type, throwOnError: true)!, arguments)!;

    private dynamic Key(SignedTokens issuer)
    {
        var key = issuer.Ecdsa is not null
            ? Make(_tokens, "Microsoft.IdentityModel.Tokens.ECDsaSecurityKey", issuer.Ecdsa)
            : Make(_tokens, "Microsoft.IdentityModel.Tokens.RsaSecurityKey", issuer.Rsa!);
        key.KeyId = issuer.Key.KeyId;
        return key;
    }

    private dynamic Parameters(SignedTokens issuer)
    {
        var parameters = Make(_tokens, "Microsoft.IdentityModel.Tokens.TokenValidationParameters");
        parameters.ValidIssuer = SignedTokens.Issuer;
        parameters.ValidAudience = SignedTokens.Audience;
        parameters.IssuerSigningKey = Key(issuer);
        if (Version.Split('.')[0] != "5") // The old ones check neither.
        {
            parameters.ValidTypes = new[] { SignedTokens.Type };
            parameters.ValidAlgorithms = new[] { issuer.Algorithm.Name };
        }

        return parameters;
    }
}
