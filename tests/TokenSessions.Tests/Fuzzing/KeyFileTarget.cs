using System.Text;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The file of one private key: PKCS#8 in PEM (RFC 5958, RFC 7468), or a sealing key in base64url.</summary>
internal sealed class KeyFileTarget : IFuzzTarget
{
    private const int LineLength = 64;

    private readonly FakeClock _clock = new();
    private readonly RingDirectory _ring;
    private readonly (string Path, byte[] Content)[] _files;
    private readonly byte[][] _keys;

    public KeyFileTarget()
    {
        _ring = new(_clock, SignatureAlgorithm.ES256, SignatureAlgorithm.RS256);
        var first = new[] { _ring.Of("sign")[0], _ring.Of("sign")[1], _ring.Of("feed")[0], _ring.Of("seal")[0] };
        foreach (var other in _ring.Keys.Select(key => key!.AsObject()).Except(first).ToArray())
        {
            _ring.Keys.Remove(other); // Each further key costs every execution a proof.
        }

        _ring.Save();
        _files = [.. first.Select(_ring.FileOf).Select(path => (path, File.ReadAllBytes(path)))];
        _keys = [.. _files.Take(3).Select(file => Der(file.Content))];
    }

    public FuzzInput Next(Random random)
    {
        var at = random.Next(_files.Length);
        var content = _files[at].Content;
        var changed = random.Next(4) switch
        {
            0 when random.Next(10) == 0 => content,
            0 => ByteMutator.Mutate(random, content, [.. _files.Select(file => file.Content)]),
            _ when at < _keys.Length => Pem(ByteMutator.Mutate(random, _keys[at], _keys)),
            _ => ByteMutator.Mutate(random, content),
        };
        return FuzzInput.Of(changed) with { Variant = $"{at}" };
    }

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var (path, content) = _files[int.Parse(input.Variant, System.Globalization.CultureInfo.InvariantCulture)];
        Overwrite(path, input.Bytes);
        try
        {
            using var ring = await KeyRingFile.OpenAsync(_ring.Path, RingDirectory.Options, _clock);
            return true; // A signing key has proved itself, and any 32 bytes are a sealing key.
        }
        catch (KeyRingException)
        {
            return false;
        }
        finally
        {
            Overwrite(path, content);
        }
    }

    public ValueTask DisposeAsync()
    {
        _ring.Dispose();
        return default;
    }

    /// <summary>Keeps the permissions.</summary>
    private static void Overwrite(string path, byte[] content)
    {
        using var file = new FileStream(path, FileMode.Truncate);
        file.Write(content);
    }

    private static byte[] Der(byte[] pem)
    {
        var text = Encoding.ASCII.GetString(pem);
        var find = System.Security.Cryptography.PemEncoding.Find(text);
        return Convert.FromBase64String(text[find.Base64Data]);
    }

    private static byte[] Pem(byte[] der) => Encoding.ASCII.GetBytes(
        $"-----BEGIN PRIVATE KEY-----\n{string.Join('\n', Convert.ToBase64String(der).Chunk(LineLength).Select(line => new string(line)))}\n-----END PRIVATE KEY-----\n");
}
