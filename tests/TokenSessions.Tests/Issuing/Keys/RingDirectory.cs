using System.Text.Json.Nodes;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing.Keys;

/// <summary>A directory with a generated key ring, whose file the test can change.</summary>
internal sealed class RingDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-ring-");

    public RingDirectory(TimeProvider time, params SignatureAlgorithm[] algorithms)
    {
        KeyRingWriter.Create(Path, time, algorithms.Length > 0 ? algorithms : null);
        Json = JsonNode.Parse(File.ReadAllText(Path))!.AsObject();
    }

    public string Path => System.IO.Path.Combine(_directory.FullName, "keys.json");

    /// <summary>What <see cref="Save()"/> writes.</summary>
    public JsonObject Json { get; }

    public JsonArray Keys => Json["keys"]!.AsArray();

    public static KeyRingOptions Options => new() { AllowPrivateKeysInFiles = true };

    /// <summary>The keys of a purpose, in the order of their starts.</summary>
    public JsonObject[] Of(string purpose) =>
        [.. Keys.Select(key => key!.AsObject()).Where(key => (string?)key["purpose"] == purpose)];

    public string KidOf(string purpose, int index) => (string)Of(purpose)[index]["kid"]!;

    public string FileOf(JsonObject key) => System.IO.Path.Combine(_directory.FullName, (string)key["file"]!);

    public void Save() => Save(Json.ToJsonString());

    public void Save(string content) => File.WriteAllText(Path, content);

    /// <summary>Adds the first key of a purpose from another ring, with another start.</summary>
    public JsonObject Add(string purpose, DateTimeOffset startsAt)
    {
        using var other = new RingDirectory(TimeProvider.System);
        var key = other.Of(purpose)[0];
        File.Copy(other.FileOf(key), FileOf(key));
        key.Parent!.AsArray().Remove(key);
        Keys.Add(key);
        StartAt(key, startsAt);
        return key;
    }

    public static void StartAt(JsonObject key, DateTimeOffset startsAt)
    {
        key["starts_at"] = startsAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        if (key.ContainsKey("seals_until"))
        {
            key["seals_until"] = startsAt.AddDays(400).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        }
    }

    /// <summary>Keys in files are there at once: nothing is waited for.</summary>
    public KeyRingFile Load(TimeProvider time, KeyRingOptions? options = null) =>
        KeyRingFile.OpenAsync(Path, options ?? Options, time).GetAwaiter().GetResult();

    public void Dispose() => _directory.Delete(recursive: true);
}

internal static class ReloadingKeyRing
{
    /// <summary>Keys in files are there at once: nothing is waited for.</summary>
    public static KeyRingReload Reload(this KeyRingFile file) => file.ReloadAsync().GetAwaiter().GetResult();
}
