using System.Text.Json.Nodes;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing.Keys;

/// <summary>The sample has no private halves: nobody may be able to sign with what is published here.</summary>
public sealed class KeysSampleTests : IDisposable
{
    private readonly FakeClock _time = new();
    private readonly RingDirectory _generated;
    private readonly JsonArray _sample = JsonNode.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "keys.sample")))!["keys"]!.AsArray();

    public KeysSampleTests() => _generated = new(_time, SignatureAlgorithm.ES256, SignatureAlgorithm.RS256);

    public void Dispose() => _generated.Dispose();

    [Fact]
    public void The_sample_loads_once_its_keys_are_ones_own()
    {
        // Of each key of the sample only what belongs to the key itself is replaced; the rest is loaded as it stands there.
        foreach (var entry in _sample.Select(key => key!.AsObject()))
        {
            var own = _generated.Keys.Select(key => key!.AsObject())
                .First(key => (string)key["purpose"]! == (string)entry["purpose"]! && (string)key["alg"]! == (string)entry["alg"]!);
            own.Parent!.AsArray().Remove(own);
            var path = Path.Combine(Path.GetDirectoryName(_generated.Path)!, (string)entry["file"]!);
            File.Move(_generated.FileOf(own), path);
            entry["kid"] = (string)own["kid"]!;
            if (own["public"] is { } half)
            {
                Assert.Equal(half.AsObject().Select(member => member.Key), entry["public"]!.AsObject().Select(member => member.Key));
                entry["public"] = half.DeepClone();
            }
        }

        Assert.Empty(_generated.Keys);
        _generated.Save(new JsonObject { ["keys"] = _sample.DeepClone() }.ToJsonString());

        using var ring = _generated.Load(_time);
        Assert.Empty(ring.Current.Problems(new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero), _ => false));
    }

    [Fact]
    public void The_sample_as_it_stands_lacks_nothing_but_the_first_private_half()
    {
        _generated.Save(new JsonObject { ["keys"] = _sample.DeepClone() }.ToJsonString());

        var problem = Assert.Throws<KeyRingException>(() => _generated.Load(_time)).Message;

        // Its kid is the thumbprint of its public half, or that would be the problem.
        Assert.Contains($"keys[0] (kid {(string)_sample[0]!["kid"]!}): file", problem);
        Assert.Contains("cannot be read", problem);
    }
}
