using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing.Keys;

public sealed class KeyRingFileTests : IDisposable
{
    private readonly FakeClock _time = new();
    private readonly RingDirectory _directory;

    public KeyRingFileTests() => _directory = new(_time);

    private static UnixFileMode Others => UnixFileMode.GroupRead;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("kid", null, "kid must be a string")]
    [InlineData("kid", "\"\"", "kid must be a string")]
    [InlineData("kid", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "kid must be the RFC 7638 thumbprint")]
    [InlineData("purpose", null, "purpose must be")]
    [InlineData("purpose", "\"signing\"", "purpose must be sign, feed or seal")]
    [InlineData("purpose", "\"seal\"", "alg must be A256GCM")]
    [InlineData("source", "\"kms\"", "source must be file")]
    [InlineData("file", null, "file must be a string")]
    [InlineData("file", "\"absent.pem\"", "absent.pem cannot be read")]
    [InlineData("alg", "\"HS256\"", "alg must be one of")]
    [InlineData("alg", "\"ES384\"", "crv must be P-384")]
    [InlineData("alg", "\"RS256\"", "kty must be RSA")]
    [InlineData("public", null, "public must be an object")]
    [InlineData("public", "\"x\"", "public must be an object")]
    [InlineData("public", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", "x and y must have 32 bytes")]
    [InlineData("public", "{\"kty\":\"EC\",\"d\":\"AA\"}", "unknown member d")]
    [InlineData("starts_at", "\"2026-11-20\"", "starts_at must be a time as in RFC 3339")]
    [InlineData("starts_at", "\"2026-11-20T12:00:00\"", "starts_at must be a time as in RFC 3339")]
    [InlineData("starts_at", "5", "starts_at must be a string")]
    [InlineData("seals_until", "\"2027-11-20T12:00:00Z\"", "seals_until is for sealing keys")]
    [InlineData("start_at", "\"2027-11-20T12:00:00Z\"", "unknown member start_at")]
    public void Names_the_file_the_key_and_the_member_that_is_wrong(string member, string? value, string expected)
    {
        var key = _directory.Of("sign")[1];
        var index = _directory.Keys.IndexOf(key);
        key.Remove(member);
        if (value is not null)
        {
            key[member] = JsonNode.Parse(value);
        }

        var problem = Refused();

        Assert.Contains($"{_directory.Path}: keys[{index}]", problem);
        Assert.Contains(expected, problem);
    }

    [Theory]
    [InlineData("kid", "\"c2hvcnQ\"", "kid must be 16 random bytes")]
    [InlineData("alg", "\"A128GCM\"", "alg must be A256GCM")]
    [InlineData("public", "{}", "a sealing key has no public half")]
    [InlineData("seals_until", null, "seals_until must be a string")]
    [InlineData("seals_until", "\"2026-11-20T12:00:00Z\"", "seals_until must be after starts_at")]
    [InlineData("seals_until", "\"2027-12-25T12:00:01Z\"", "at most 400 days")]
    public void Names_what_is_wrong_with_a_sealing_key(string member, string? value, string expected)
    {
        var key = _directory.Of("seal")[0];
        key.Remove(member);
        if (value is not null)
        {
            key[member] = JsonNode.Parse(value);
        }

        Assert.Contains(expected, Refused());
    }

    [Theory]
    [InlineData("2027-12-25T12:00:00Z")] // 400 days exactly.
    [InlineData("2027-12-25T14:00:00+02:00")]
    [InlineData("2027-12-25T11:59:59.999Z")]
    public void A_time_may_have_any_offset_and_fraction(string sealsUntil)
    {
        _directory.Of("seal")[0]["seals_until"] = sealsUntil;
        _directory.Save();

        using var file = _directory.Load(_time);
        Assert.Equal(DateTimeOffset.Parse(sealsUntil), file.Current.Entries.First(entry => entry.Purpose == KeyPurpose.Seal).SealsUntil);
    }

    [Theory]
    [InlineData("", "not one strict JSON object")]
    [InlineData("[]", "not one strict JSON object")]
    [InlineData("{\"keys\":[],\"keys\":[]}", "not one strict JSON object")]
    [InlineData("{\"keys\":[]} x", "not one strict JSON object (line 1")]
    [InlineData("{\"keys\":\n[,]}", "(line 2")]
    [InlineData("{\"keys\":{}}", "must have an array named keys")]
    [InlineData("{}", "must have an array named keys")]
    [InlineData("{\"keys\":[]}", "has no keys")]
    [InlineData("{\"keys\":[5]}", "keys[0] must be an object")]
    [InlineData("{\"keys\":[],\"version\":1}", "unknown member version")]
    public void Refuses_a_file_that_is_no_ring(string content, string expected)
    {
        _directory.Save(content);

        Assert.Contains(expected, Assert.Throws<KeyRingException>(() => _directory.Load(_time)).Message);
    }

    [Fact]
    public void Refuses_a_file_of_more_than_64_KB_and_one_that_does_not_exist()
    {
        var ring = _directory.Json.ToJsonString();
        _directory.Save(ring.PadRight(64 * 1024));
        _directory.Load(_time).Dispose();
        _directory.Save(ring.PadRight((64 * 1024) + 1));
        Assert.Contains("at most 65536", Assert.Throws<KeyRingException>(() => _directory.Load(_time)).Message);

        File.Delete(_directory.Path);
        Assert.Contains(_directory.Path, Assert.Throws<KeyRingException>(() => _directory.Load(_time)).Message);
    }

    [Fact]
    public void Refuses_a_private_half_that_does_not_belong_to_the_published_one()
    {
        var keys = _directory.Of("sign");
        keys[0]["file"] = (string)keys[1]["file"]!;

        Assert.Contains("does not belong to public", Refused());
    }

    [Fact]
    public void Refuses_a_private_half_that_cannot_sign_with_its_algorithm()
    {
        using var ring = new RingDirectory(_time, SignatureAlgorithm.PS256);
        using var small = RSA.Create(512); // Too short for a PSS signature with SHA-256: signing throws.
        File.WriteAllText(ring.FileOf(ring.Of("sign")[0]), small.ExportPkcs8PrivateKeyPem());

        Assert.Contains("does not belong to public", Assert.Throws<KeyRingException>(() => ring.Load(_time)).Message);
    }

    [Fact]
    public void Refuses_one_sealing_key_under_two_names()
    {
        var keys = _directory.Of("seal");
        keys[1]["file"] = (string)keys[0]["file"]!;

        Assert.Contains($"the same key as {(string)keys[0]["kid"]!}", Refused());
    }

    [Theory]
    [InlineData("sign", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "the private half is no usable EC key")]
    [InlineData("sign", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "must hold a PKCS#8 key in PEM")]
    [InlineData("sign", "no key", "must hold a PKCS#8 key in PEM")]
    [InlineData("seal", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "must hold 32 bytes in base64url")]
    [InlineData("seal", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "must hold 32 bytes in base64url")] // Spare bits.
    public void Refuses_a_key_file_that_holds_no_key(string purpose, string content, string expected)
    {
        File.WriteAllText(_directory.FileOf(_directory.Of(purpose)[0]), content);

        Assert.Contains(expected, Refused());
    }

    [Fact]
    public void Refuses_a_private_key_on_a_curve_that_the_platform_does_not_know()
    {
        var path = _directory.FileOf(_directory.Of("sign")[0]);
        var pem = File.ReadAllText(path);
        var der = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
        der[der.AsSpan().IndexOf(Convert.FromHexString("2A8648CE3D030107")) + 3] ^= 0x08; // The name of P-256 (RFC 5480 §2.1.1.1).
        File.WriteAllText(path, PemEncoding.WriteString("PRIVATE KEY", der));

        Assert.Contains("the private half is no usable EC key", Refused());
    }

    [Fact]
    public void A_sealing_key_file_may_end_with_a_new_line()
    {
        File.AppendAllText(_directory.FileOf(_directory.Of("seal")[0]), "\n");

        _directory.Load(_time).Dispose();
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Refuses_private_keys_that_others_can_read_and_a_ring_that_others_can_write()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions.");
        var file = _directory.FileOf(_directory.Of("seal")[0]);
        File.SetUnixFileMode(file, File.GetUnixFileMode(file) | Others);
        Assert.Contains("chmod 600", Refused());

        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        File.SetUnixFileMode(_directory.Path, File.GetUnixFileMode(_directory.Path) | Others);
        _directory.Load(_time).Dispose(); // It names no secret.

        File.SetUnixFileMode(_directory.Path, File.GetUnixFileMode(_directory.Path) | UnixFileMode.OtherWrite);
        Assert.Contains("chmod go-w", Refused());
    }

    [Fact]
    public void Refuses_private_keys_in_files_unless_they_are_allowed()
    {
        var problem = Assert.Throws<KeyRingException>(() => _directory.Load(_time, new())).Message;

        Assert.Contains(nameof(KeyRingOptions.AllowPrivateKeysInFiles), problem);
    }

    [Fact]
    public void Refuses_two_keys_that_cannot_be_told_apart()
    {
        var keys = _directory.Of("sign");
        var start = (string)keys[0]["starts_at"]!;
        keys[1]["starts_at"] = start;
        Assert.Contains("one of the two must be later", Refused());

        keys[1]["starts_at"] = "2028-01-01T00:00:00Z";
        _directory.Keys.Add(keys[0].DeepClone());
        Assert.Contains("kid stands in the file twice", Refused());
    }

    [Fact]
    public void Takes_ten_keys_of_a_purpose_and_refuses_the_eleventh()
    {
        for (var i = 0; i < 8; i++)
        {
            _directory.Add("sign", _time.GetUtcNow().AddDays(500 + i));
        }

        _directory.Save();
        using (var file = _directory.Load(_time))
        {
            Assert.Equal(10, file.Current.PublishedKeys(_time.GetUtcNow(), _ => false).Keys.Count);
        }

        _directory.Add("sign", _time.GetUtcNow().AddDays(600));
        Assert.Contains("more than 10 keys of one purpose", Refused());
    }

    [Fact]
    public void A_feed_key_must_be_ES256()
    {
        using var other = new RingDirectory(_time, SignatureAlgorithm.ES384);
        var key = other.Of("sign")[0];
        key["purpose"] = "feed";
        other.Save();

        Assert.Contains("alg must be ES256 for a feed key", Assert.Throws<KeyRingException>(() => other.Load(_time)).Message);
    }

    [Fact]
    public void Reports_every_problem_of_the_options()
    {
        var options = new KeyRingOptions { KeepPublished = TimeSpan.Zero, LongestRefreshIdle = TimeSpan.FromDays(367), AnnounceTime = TimeSpan.FromDays(31) };

        var problem = Assert.Throws<ArgumentException>(() => _directory.Load(_time, options)).Message;

        Assert.Contains(nameof(KeyRingOptions.KeepPublished), problem);
        Assert.Contains(nameof(KeyRingOptions.LongestRefreshIdle), problem);
        Assert.Contains(nameof(KeyRingOptions.AnnounceTime), problem);
    }

    private string Refused()
    {
        _directory.Save();
        return Assert.Throws<KeyRingException>(() => _directory.Load(_time)).Message;
    }
}
