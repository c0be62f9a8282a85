//! RFC 6749: the authorization endpoint, the token endpoint and the grants.

use crate::check::checks;

pub(in crate::checks) mod authorization_request;
mod client_authentication;
mod codes;
mod grants;
pub(in crate::checks) mod pages;
mod password;
pub(in crate::checks) mod redirect_uris;
mod refresh;
mod token_request;
mod token_response;

use authorization_request as ask;
use client_authentication as auth;
use redirect_uris as uris;
use token_request as request;
use token_response as response;

checks! {
    "RFC6749-01" "2.2" Must [Oauth2, ClientCredentials]
        "Knowing the client_id does not authenticate a confidential client"
        => auth::client_id_alone;
    "RFC6749-02" "2.3" Must [Oauth2]
        "A code of another client gets a public client nothing, whatever it says it is"
        => codes::not_for_a_public_client;
    "RFC6749-03" "2.3" Must [Oauth2, ClientCredentials]
        "A request that authenticates in two ways at once is refused" => auth::two_methods;
    "RFC6749-04" "2.3.1" Must [Oauth2, ClientCredentials]
        "A client that holds a secret can authenticate with HTTP Basic" => auth::basic;
    "RFC6749-05" "2.3.1" Must [Oauth2, ClientCredentials]
        "Id and secret are form-decoded out of HTTP Basic, and not taken raw"
        => auth::basic_is_form_decoded;
    "RFC6749-06" "2.3.1" Must [Oauth2, ClientCredentials]
        "A secret in the request URI does not authenticate" => auth::secret_in_uri;
    "RFC6749-08" "2.3.1" Must [Oauth2, ClientCredentials]
        "Requests that carry a secret are not taken over plain http" => auth::plain_http;
    "RFC6749-09" "3.1" Must [Oauth2]
        "A user who has not signed in is asked to, and no code is given before" => ask::needs_user;
    "RFC6749-10" "3.1" Must [Oauth2]
        "The authorization endpoint takes GET, and a user who allows brings a code" => ask::get;
    "RFC6749-11" "3.1" Must [Oauth2]
        "Parameters of an authorization request that have no value count as absent"
        => ask::empty_is_absent;
    "RFC6749-12" "3.1" Must [Oauth2]
        "Unknown parameters of an authorization request are ignored" => ask::unknown_is_ignored;
    "RFC6749-13" "3.1" Must [Oauth2]
        "An authorization request with a repeated parameter is refused" => ask::repeated;
    "RFC6749-14" "3.1.1" Must [Oauth2]
        "No response_type gets invalid_request, an unknown one unsupported_response_type"
        => ask::response_type;
    "RFC6749-15" "3.1.1" Must [Oauth2, OidcHybrid, OidcImplicit]
        "The order of words in a response_type is of no importance" => ask::word_order;
    "RFC6749-16" "3.1.2" Must [Oauth2]
        "A redirect URI that is relative or has a fragment is not taken"
        => uris::absolute_without_fragment;
    "RFC6749-17" "3.1.2" Must [Oauth2]
        "The query of a redirect URI is kept, and the answer is added to it" => uris::query_is_kept;
    "RFC6749-18" "3.1.2.2" Must [Oauth2]
        "A public client is answered at registered redirect URIs only"
        => uris::unregistered_of_public;
    "RFC6749-19" "3.1.2.2" Should [Oauth2]
        "A confidential client is answered at registered redirect URIs only"
        => uris::unregistered_of_confidential;
    "RFC6749-20" "3.1.2.3" Must [Oauth2]
        "Where several redirect URIs are registered, the request has to name one"
        => uris::one_of_several;
    "RFC6749-21" "3.1.2.3" Must [Oauth2]
        "Redirect URIs are compared as strings: case, slash, port, dots and escapes matter"
        => uris::compared_as_strings;
    "RFC6749-22" "3.1.2.4" Must [Oauth2]
        "Nobody is redirected to an invalid redirect URI" => uris::never_to_an_invalid_one;
    "RFC6749-23" "3.1.2.4" Should [Oauth2]
        "The user is told in words that the redirect URI is bad" => uris::told_in_words;
    "RFC6749-24" "3.2" Must [Oauth2, ClientCredentials]
        "Tokens are issued on POST only" => request::get;
    "RFC6749-25" "3.2" Must [Oauth2, ClientCredentials]
        "Unknown parameters are ignored, empty ones count as absent, repeated ones are refused"
        => request::parameters;
    "RFC6749-26" "3.2" Must [Oauth2, ClientCredentials]
        "The request body is form-encoded; parameters in another format issue nothing"
        => request::json_body;
    "RFC6749-27" "3.2.1" Must [Oauth2, ClientCredentials]
        "A confidential client that does not authenticate gets no token" => auth::no_credentials;
    "RFC6749-28" "3.2.1" Must [Oauth2]
        "A client that does not authenticate names itself when it redeems a code"
        => codes::client_names_itself;
    "RFC6749-29" "3.3" Must [Oauth2, ClientCredentials]
        "The order of scopes is of no importance, their case is" => request::scope_order_and_case;
    "RFC6749-30" "3.3" Must [Oauth2, ClientCredentials]
        "If less is granted than was asked for, the response says what" => request::narrowed_scope;
    "RFC6749-31" "3.3" Must [Oauth2, ClientCredentials]
        "Without a scope in the request there is a fixed default, or invalid_scope"
        => request::no_scope;
    "RFC6749-32" "4.1.2" Must [Oauth2]
        "A code expires soon, after ten minutes at most" => codes::expire;
    "RFC6749-33" "4.1.2" Must [Oauth2]
        "A code can be redeemed once" => codes::single_use;
    "RFC6749-34" "4.1.2" Should [Oauth2]
        "Redeeming a code again ends the tokens that it brought" => codes::reuse_ends_the_grant;
    "RFC6749-35" "4.1.2" Must [Oauth2]
        "A code is of no use to another client" => codes::not_for_another_client;
    "RFC6749-36" "4.1.2" Must [Oauth2]
        "The state comes back exactly as it was sent" => ask::state_comes_back;
    "RFC6749-37" "4.1.2" Must [Oauth2]
        "The code comes in the query of the redirect URI" => ask::code_in_query;
    "RFC6749-38" "4.1.2.1" Must [Oauth2]
        "An unknown client gets an error page, and no redirect" => uris::unknown_client;
    "RFC6749-39" "4.1.2.1" Must [Oauth2]
        "Other faults of a request are told to the client, with its state"
        => ask::faults_go_to_the_client;
    "RFC6749-40" "4.1.2.1" Must [Oauth2]
        "A user who denies sends access_denied to the client, with its state" => ask::denied;
    "RFC6749-41" "4.1.2.1" Must [Oauth2]
        "A client that may not use the response type gets unauthorized_client"
        => ask::forbidden_type;
    "RFC6749-42" "4.1.2.1" Must [Oauth2, ClientCredentials]
        "error and error_description stay within their characters, whatever the request holds"
        => request::error_characters;
    "RFC6749-43" "4.1.3" Must [Oauth2]
        "The redirect URI of the authorization request is repeated with the code"
        => codes::same_redirect_uri;
    "RFC6749-44" "3.2.1" Must [Oauth2, ClientCredentials]
        "Credentials are verified before anything is said about the grant" => auth::verified_first;
    "RFC6749-45" "4.1.3" Must [Oauth2]
        "A code that was never issued gets invalid_grant" => codes::unknown;
    "RFC6749-46" "4.2.2" Must [Oauth2, OidcImplicit]
        "No refresh token comes from the authorization endpoint"
        => ask::implicit_without_refresh_token;
    "RFC6749-48" "4.4" Must [Oauth2, ClientCredentials]
        "A public client cannot use the client credentials grant" => grants::public_client;
    "RFC6749-49" "4.4.3" Should [Oauth2, ClientCredentials]
        "The client credentials grant gives no refresh token" => response::no_refresh_token;
    "RFC6749-50" "4.5" Must [Oauth2, ClientCredentials]
        "An unknown grant type gets unsupported_grant_type" => grants::unknown;
    "RFC6749-51" "5.1" Must [Oauth2, ClientCredentials, Password, RefreshToken]
        "Success is 200 with JSON that holds access_token and token_type" => response::success;
    "RFC6749-52" "5.1" Should [Oauth2, ClientCredentials]
        "The response says in how many seconds the token expires" => response::expires_in;
    "RFC6749-53" "5.1" Must [Oauth2, ClientCredentials, Password, RefreshToken]
        "Responses of the token endpoint, errors too, forbid caching" => response::not_cached;
    "RFC6749-54" "5.2" Must [Oauth2, ClientCredentials, Password, RefreshToken]
        "A request without a parameter that it needs gets 400 with JSON that says invalid_request"
        => grants::missing;
    "RFC6749-55" "5.2" Must [Oauth2, ClientCredentials]
        "Failing with the Authorization header gets 401 and a challenge of the same scheme"
        => auth::failed_basic;
    "RFC6749-56" "5.2" Must [Oauth2, ClientCredentials, Password, RefreshToken]
        "A client that may not use the grant gets unauthorized_client" => grants::not_allowed;
    "RFC6749-57" "5.2" Must [Oauth2, ClientCredentials, Password, RefreshToken]
        "A refresh token or code that was never issued, or a wrong password, gets invalid_grant"
        => grants::garbage;
    "RFC6749-58" "6" Must [Oauth2, RefreshToken]
        "A confidential client that does not authenticate cannot refresh" => refresh::authenticated;
    "RFC6749-59" "6" Must [Oauth2, RefreshToken]
        "A refresh token is of no use to another client" => refresh::bound_to_client;
    "RFC6749-60" "6" Must [Oauth2, RefreshToken]
        "Asking at refresh for more scope than was granted gets invalid_scope" => refresh::more_scope;
    "RFC6749-61" "6" Must [Oauth2, RefreshToken]
        "A refresh that names no scope gives the one that was granted" => refresh::same_scope;
    "RFC6749-62" "6" Must [Oauth2, RefreshToken]
        "A refresh for less scope leaves the rest to the next refresh" => refresh::narrowed_for_once;
    "RFC6749-63" "10.10" Must [Oauth2, ClientCredentials, RefreshToken]
        "Tokens are guessed with a probability of at most 2^-128" => response::hard_to_guess;
    "RFC6749-64" "10.10" Should [Oauth2, ClientCredentials, RefreshToken]
        "Tokens are guessed with a probability of at most 2^-160" => response::harder_to_guess;
    "RFC6749-65" "10.12" Must [Oauth2]
        "A form of the pages that was forged or taken from another browser comes to nothing"
        => pages::forged_posts;
    "RFC6749-66" "10.13" Should [Oauth2]
        "The pages cannot be framed" => pages::not_framed;
    "RFC6749-67" "10.14" Must [Oauth2]
        "What a request holds is written into pages as text" => pages::input_is_escaped;
    "RFC6749-68" "10.15" Must [Oauth2]
        "A bad redirect URI together with another fault is no way out" => uris::no_open_redirect;
}
