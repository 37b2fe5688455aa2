using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

public sealed class FileKeySetSourceTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public async Task Reads_the_file_afresh_each_time()
    {
        var source = new FileKeySetSource(_path);
        await WriteAsync(KeySetDocument.Of(KeySetDocument.Jwk(TestToken.Key)));
        Assert.Equal(TestToken.Key.KeyId, Assert.Single((await FetchAsync(source)).Keys).KeyId);

        await WriteAsync(KeySetDocument.Of(KeySetDocument.NewJwk(), KeySetDocument.NewJwk()));
        Assert.Equal(2, (await FetchAsync(source)).Keys.Count);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1024 * 1024, false)]
    public async Task Reads_at_most_150_KB(int tooMany, bool isRead)
    {
        await WriteAsync(KeySetDocument.Padded(KeySetDocument.Of(KeySetDocument.NewJwk()), KeySet.MaxDocumentLength + tooMany));

        var problem = await Record.ExceptionAsync(() => FetchAsync(new(_path)));

        Assert.Equal(isRead, problem is null);
        Assert.True(isRead || problem is KeySetUnavailableException);
    }

    [Fact]
    public async Task A_file_that_is_missing_or_broken_is_named()
    {
        await WriteAsync("{"u8.ToArray());
        var broken = await Assert.ThrowsAsync<KeySetUnavailableException>(() => FetchAsync(new(_path)));
        File.Delete(_path);
        var missing = await Assert.ThrowsAsync<KeySetUnavailableException>(() => FetchAsync(new(_path)));

        Assert.All([broken, missing], problem => Assert.Contains(_path, problem.Message, StringComparison.Ordinal));
    }

    public void Dispose() => File.Delete(_path);

    private Task WriteAsync(byte[] document) => File.WriteAllBytesAsync(_path, document, TestContext.Current.CancellationToken);

    private static Task<KeySet> FetchAsync(FileKeySetSource source) => source.FetchAsync(TestContext.Current.CancellationToken);
}
