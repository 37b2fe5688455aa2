using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary>Without what only newer ones can be told.</summary>
    private bool IsOfOld => Version.StartsWith("5.", StringComparison.Ordinal);

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

    /// <summary><c>JsonWebTokenHandler.CreateToken</c> of a descriptor with the claims that ours have.</summary>
    public Func<string> CreateToken(SignedTokens issuer)
    {
        object handler = Make(_handlers, "Microsoft.IdentityModel.JsonWebTokens.JsonWebTokenHandler");
        var descriptor = Make(_tokens, "Microsoft.IdentityModel.Tokens.SecurityTokenDescriptor");
        descriptor.SigningCredentials = Make(_tokens, "Microsoft.IdentityModel.Tokens.SigningCredentials", Key(issuer), issuer.Algorithm.Name);
        if (!IsOfOld) // The old ones write JWT.
        {
            descriptor.TokenType = SignedTokens.Type;
        }

        var claims = JsonNode.Parse(SignedTokens.Claims("ada"))!.AsObject();
        (descriptor.Issuer, descriptor.Audience) = (SignedTokens.Issuer, SignedTokens.Audience);
        (descriptor.IssuedAt, descriptor.Expires) = (DateTime.UtcNow, DateTime.UtcNow.AddMinutes(10));
        descriptor.Claims = claims.Where(claim => claim.Key is not ("iss" or "aud" or "iat" or "exp")).ToDictionary(claim => claim.Key, claim => Value(claim.Value!));
        object described = descriptor;
        var method = handler.GetType().GetMethod("CreateToken", [described.GetType()])!;
        return Expression.Lambda<Func<string>>(Expression.Call(Expression.Constant(handler), method, Expression.Constant(described))).Compile();

        static object Value(JsonNode claim) => claim switch
        {
            JsonArray list => list.Select(item => item!.GetValue<string>()).ToArray(),
            _ => claim.GetValueKind() == JsonValueKind.Number ? claim.GetValue<long>() : claim.GetValue<string>(),
        };
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
        if (!IsOfOld) // The old ones check neither.
        {
            parameters.ValidTypes = new[] { SignedTokens.Type };
            parameters.ValidAlgorithms = new[] { issuer.Algorithm.Name };
        }

        return parameters;
    }
}
