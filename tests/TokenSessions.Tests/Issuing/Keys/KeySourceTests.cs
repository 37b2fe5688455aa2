using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Issuing.Keys;

/// <summary>Keys of a ring whose private halves are somewhere else.</summary>
public sealed class KeySourceTests : IDisposable
{
    private readonly FakeClock _time = new();
    private readonly RingDirectory _ring;
    private readonly FakeSource _source = new();

    public KeySourceTests()
    {
        _ring = new(_time);
        var sign = _ring.Of("sign")[1];
        sign["source"] = "vault";
        sign["vault_key"] = "k-1";
        sign.Remove("file");
        _source.Key = new RemoteKey(File.ReadAllText(Path.Combine(Path.GetDirectoryName(_ring.Path)!, $"sign-{(string)sign["kid"]!}.pem")));
        Entry = sign;
    }

    private JsonObject Entry { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _source.Key.Dispose();
        _ring.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // Then the source tells.
    public async Task A_key_of_a_source_is_used_like_any_other_whether_its_published_half_is_pinned_or_not(bool isPinned)
    {
        if (!isPinned)
        {
            Entry.Remove("public");
        }

        using var file = await LoadAsync();

        Assert.Equal(isPinned, _source.Opened!.VerificationKey is not null);
        Assert.Equal(("vault", _ring.KidOf("sign", 1)), (file.Current.Entries[3].Source, file.Current.Entries[3].KeyId));
        Assert.Equal("k-1", _source.Value);
        Assert.False(_source.Key.IsDisposed);
        file.Dispose();
        Assert.True(_source.Key.IsDisposed); // With the ring.
    }

    [Fact]
    public async Task Another_key_than_the_entry_names_is_refused()
    {
        Entry.Remove("public");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = _source.Key;
        _source.Key = new(other.ExportPkcs8PrivateKeyPem());
        key.Dispose();

        Assert.Contains("its source gave another key", await RefusedAsync());
        Assert.True(_source.Key.IsDisposed);
    }

    [Fact]
    public async Task What_only_another_source_knows_is_refused_as_any_unknown_member()
    {
        Entry["file"] = "x.pem";
        Assert.Contains("unknown member file", await RefusedAsync());

        Entry.Remove("file");
        Entry["source"] = "safe";
        Assert.Contains("source must be file or vault", await RefusedAsync());
    }

    [Fact]
    public async Task A_plaintext_is_proved_against_the_published_half_and_cleared()
    {
        using var right = ECDsa.Create();
        right.ImportFromPem(_source.Key.Pem);
        _source.Plaintext = right.ExportPkcs8PrivateKey();
        (await LoadAsync()).Dispose();
        Assert.All(_source.Plaintext, b => Assert.Equal(0, b));

        using var wrong = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _source.Plaintext = wrong.ExportPkcs8PrivateKey();
        Assert.Contains("does not belong to public", await RefusedAsync());
        Assert.All(_source.Plaintext, b => Assert.Equal(0, b));

        _source.Plaintext = [1, 2, 3];
        Assert.Contains("no usable EC key", await RefusedAsync());

        _source.Plaintext = right.ExportPkcs8PrivateKey();
        Entry.Remove("public");
        Assert.Contains("public must be an object", await RefusedAsync());
    }

    [Fact]
    public async Task What_a_source_has_against_an_entry_refuses_a_reload_and_the_old_ring_stays()
    {
        using var file = await LoadAsync();
        var ring = file.Current;
        _source.Problem = "the vault is locked";
        Entry["vault_key"] = "k-2";
        _ring.Save();

        var reload = await file.ReloadAsync(Cancellation);

        Assert.Equal(KeyRingChange.Refused, reload.Change);
        Assert.Contains("the vault is locked", reload.Problem);
        Assert.Same(ring, file.Current);
        Assert.False(_source.Key.IsDisposed);
    }

    private async Task<KeyRingFile> LoadAsync()
    {
        _ring.Save();
        return await KeyRingFile.OpenAsync(_ring.Path, RingDirectory.Options, _time, [_source], Cancellation);
    }

    private async Task<string> RefusedAsync() => (await Assert.ThrowsAsync<KeyRingException>(LoadAsync)).Message;

    private sealed class FakeSource : IKeySource
    {
        public string Name => "vault";

        public IReadOnlyCollection<string> Members { get; } = ["vault_key"];

        public RemoteKey Key { get; set; } = null!;

        public byte[]? Plaintext { get; set; }

        public string? Problem { get; set; }

        public KeyRingItem? Opened { get; private set; }

        public string? Value { get; private set; }

        public Task<OpenedKey> OpenAsync(KeyRingItem item, CancellationToken cancellationToken)
        {
            if (Problem is not null)
            {
                throw new KeyRingException($"{item.Where}: {Problem}");
            }

            (Opened, Value) = (item, item.Text("vault_key"));
            return Task.FromResult(Plaintext is null ? OpenedKey.Of(Key) : OpenedKey.Of(Plaintext));
        }
    }

    private sealed class RemoteKey : ISigningKey, IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create();

        public RemoteKey(string pem)
        {
            Pem = pem;
            _key.ImportFromPem(pem);
            VerificationKey = VerificationKey.From(_key, SignatureAlgorithm.ES256);
        }

        public string Pem { get; }

        public bool IsDisposed { get; private set; }

        public VerificationKey VerificationKey { get; }

        public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
            new(_key.SignData(signingInput.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

        public void Dispose()
        {
            IsDisposed = true;
            _key.Dispose();
        }
    }
}
