# Ways to write a path.  nginx decodes and joins a path before it looks for a
# location; whatever location a request ends in, it is that one's guard that
# holds, and what a client wrote does not lead around it.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['admin:read']);

# all of these are /admin/x
our @spellings = ('/admin/x', '//admin/x', '///admin//x', '/./admin/x',
    '/admin/./x', '/y/../admin/x', '/admin/y/../x', '/../admin/x',
    '/%61dmin/x', '/%61%64%6d%69%6e/x', '/admin%2Fx', '/admin%2fx', '/%2e/admin/x',
    '/y/%2e%2e/admin/x', '/y/.%2e/admin/x', '/%2Fadmin/x', '/admin/%78',
    '/admin/x?y=/public/', '/admin/x#/public/', '/public/../admin/x',
    '/public/%2e%2e/admin/x', '/public%2F..%2Fadmin/x', '/public/..%2Fadmin/x',
    '/public/.././admin/x');

sub guarded {
    my ($spellings) = @_;

    for my $path (@$spellings) {
        my $answer = get($path);

        like($answer->{status}, qr/^40[03]$/, "$path without a key");
        is($answer->{seen}, 0, "$path is not proxied");
        is(get($path, 'X-API-Key' => $main::reader)->{status},
           $answer->{status} == 400 ? 400 : 200, "$path with a key");
    }
}

run_tests();

__DATA__

=== TEST 1: a guarded prefix beside an open one
--- config
location /admin/ {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location / { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /public/ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our @spellings;
guarded(\@spellings);
is(get('/public/x')->{status}, 200, 'the open one');



=== TEST 2: a guarded regular expression beside an open prefix
--- config
location ~ ^/admin/ {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location / { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /public/ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our @spellings;
guarded(\@spellings);



=== TEST 3: an open prefix beside a guard over all
--- config
location / {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /public/ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our @spellings;
guarded(\@spellings);
guarded(['/', '//', '/%2F', '/publi', '/Public/x', '/public%00/x',
         '/x/public/', '/public/..', '/public/../', '/public//..',
         '/public/%2e%2e/']);
is(get($_)->{status}, 200, "$_ is open")
    for '/public/', '//public/x', '/%70ublic/x', '/./public/', '/x/../public/';



=== TEST 4: merge_slashes off
--- config
merge_slashes off;
location / {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /public/ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our @spellings;
guarded(\@spellings);
guarded(['//public/x', '///', '/x//public/', '/public/..//x', '/public//../../x']);



=== TEST 5: an exact location
--- config
location = /admin {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location / { return 404; }
--- story
guarded(['/admin', '//admin', '/%61dmin', '/admin?x', '/./admin', '/x/../admin']);
is(get($_)->{status}, 404, "$_ is another one") for '/admin/', '/Admin', '/admin%20';



=== TEST 6: case does not matter to a ~* location
--- config
location ~* ^/admin/ {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location / { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our @spellings;
guarded(\@spellings);
guarded(['/ADMIN/x', '/Admin/x', '/%41dmin/x', '/aDMIN%2Fx']);



=== TEST 7: case matters to a prefix: it is another location
--- config
location /admin/ {
    scoped_key on; scoped_key_require admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location / { return 404; }
--- story
is(get($_)->{status}, 404, $_) for '/Admin/x', '/ADMIN/x', '/%41dmin/x';



=== TEST 8: a template sees the path that the location saw
--- config
location ~ ^/zone/(?<zone>[^/]+)/ {
    scoped_key on;
    scoped_key_require zone/$zone:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location / { return 404; }
--- story
my $key = put_key('zone a', scopes => ['zone/a:read']);
my %status = ('/zone/a/x' => 200, '/zone/%61/x' => 200, '//zone//a/x' => 200,
    '/zone/b/../a/x' => 200, '/zone/b/x' => 403, '/zone/a/../b/x' => 403,
    '/zone/a%2F..%2Fb/x' => 403, '/zone/a%2F../b/x' => 403, '/zone/b%2Fa/x' => 403,
    '/zone/a%00/x' => 400, '/zone/A/x' => 403, '/zone/a./x' => 403,
    '/zone/a;b/x' => 403, '/zone/a%3Bb/x' => 403, '/zone/a%20/x' => 403,
    '/zone/./b/x' => 403, '/zone/%2e/b/x' => 403);
for my $path (sort keys %status) {
    my $answer = get($path, 'X-API-Key' => $key);
    is($answer->{status}, $status{$path}, $path);
    is($answer->{seen}, $status{$path} == 200 ? 1 : 0, "$path: proxied");
}



=== TEST 9: targets that are no paths
--- guard
scoped_key_require admin:read;
--- story
for my $target ('*', 'admin', 'localhost:80', 'ftp://localhost/', '/%', '/%zz', '/\\x',
                "/\x01", '/a%00b', 'http:///x', 'http://localhost')
{
    for my $method ('GET', 'OPTIONS', 'CONNECT') {
        my $answer = ask($method, $target);
        is($answer->{seen}, 0, "$method " . ($target =~ s/[^ -~]/?/gr));
    }
}
