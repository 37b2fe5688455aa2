using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Validation;
using TokenSessions.Tests;

namespace TokenSessions.Benchmarks.Peers;

/// <summary><c>jose</c> and <c>fast-jwt</c> in a Node.js process that runs while it is told to, and ends with its input.</summary>
internal sealed class NodePeers : IDisposable
{
    public const string Jose = "jose";
    public const string FastJwt = "fast-jwt";
    public const string FastJwtCached = "fast-jwt with its cache";
    public const string JoseSigning = "jose, signing";

    private static readonly string Folder = Path.Combine(SourceTree.Root, "tests", "TokenSessions.Benchmarks", "Peers");
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly Process _node;

    private NodePeers(Process node, string versions) => (_node, Versions) = (node, versions);

    /// <summary>Of Node.js and the packages.</summary>
    public string Versions { get; }

    /// <summary>Starts it, with the packages installed first where they are missing.</summary>
    /// <param name="issuers">Keys and their tokens.</param>
    /// <returns>The peers, or null and why there are none on this machine.</returns>
    public static async Task<(NodePeers? Peers, string Missing)> StartAsync(params (SignedTokens Issuer, IReadOnlyList<string> Tokens)[] issuers)
    {
        if (await NodePackages.InstallAsync(Folder) is { } problem)
        {
            return (null, problem);
        }

        try
        {
            var node = Process.Start(new ProcessStartInfo("node", ["peers.mjs"])
            {
                WorkingDirectory = Folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
            await node.StandardInput.WriteLineAsync(Setup(issuers).ToJsonString());
            return await node.StandardOutput.ReadLineAsync().WaitAsync(AnswerLimit) is { } versions
                ? (new(node, Describe(versions)), "")
                : (null, "peers.mjs did not start: what it says stands above.");
        }
        catch (Win32Exception)
        {
            return (null, "node is missing: install Node.js 20 or later.");
        }
    }

    /// <summary>One of them as a contestant: measured there, beside the others here.</summary>
    /// <param name="peer">Which.</param>
    /// <param name="issuer">Whose tokens; for one that signs, whose algorithm.</param>
    /// <param name="tokens">How many of them take turns.</param>
    public Contestant Take(string peer, SignedTokens issuer, int tokens = 1) => new(peer, times =>
    {
        var order = new JsonObject { ["peer"] = peer, ["algorithm"] = issuer.Algorithm.Name, ["tokens"] = tokens, ["times"] = times };
        _node.StandardInput.WriteLine(order.ToJsonString());
        var answer = _node.StandardOutput.ReadLineAsync().WaitAsync(AnswerLimit).GetAwaiter().GetResult()
            ?? throw new InvalidOperationException($"{peer} ended: what it says stands above.");
        return new(TimeSpan.FromMicroseconds(double.Parse(answer, CultureInfo.InvariantCulture) / 1_000), 0);
    });

    public void Dispose()
    {
        _node.StandardInput.Close();
        if (!_node.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _node.Kill();
        }

        _node.Dispose();
    }

    private static JsonObject Setup((SignedTokens Issuer, IReadOnlyList<string> Tokens)[] issuers) => new()
    {
        ["issuer"] = SignedTokens.Issuer,
        ["audience"] = SignedTokens.Audience,
        ["type"] = SignedTokens.Type,
        ["keys"] = new JsonObject(issuers.Select(issuer => KeyValuePair.Create<string, JsonNode?>(
            issuer.Issuer.Algorithm.Name,
            new JsonObject { ["jwk"] = Jwk(issuer.Issuer), ["tokens"] = new JsonArray([.. issuer.Tokens.Select(token => JsonValue.Create(token))]) }))),
    };

    private static JsonNode Jwk(SignedTokens issuer)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            issuer.Key.WriteJwk(writer);
        }

        return JsonNode.Parse(buffer.ToArray())!;
    }

    private static string Describe(string versions) =>
        string.Join(", ", JsonNode.Parse(versions)!.AsObject().Select(version => $"{version.Key} {version.Value}"));
}
