//! RFC 6749, the token endpoint, as far as the client credentials, password and refresh token grants reach.

use crate::check::checks;

mod client_authentication;
mod grants;
mod password;
mod refresh;
mod token_request;
mod token_response;

use client_authentication as auth;
use token_request as request;
use token_response as response;

checks! {
    "RFC6749-01" "2.2" Must [ClientCredentials]
        "Knowing the client_id does not authenticate a confidential client"
        => auth::client_id_alone;
    "RFC6749-03" "2.3" Must [ClientCredentials]
        "A request that authenticates in two ways at once is refused" => auth::two_methods;
    "RFC6749-04" "2.3.1" Must [ClientCredentials]
        "A client that holds a secret can authenticate with HTTP Basic" => auth::basic;
    "RFC6749-05" "2.3.1" Must [ClientCredentials]
        "Id and secret are form-decoded out of HTTP Basic, and not taken raw"
        => auth::basic_is_form_decoded;
    "RFC6749-06" "2.3.1" Must [ClientCredentials]
        "A secret in the request URI does not authenticate" => auth::secret_in_uri;
    "RFC6749-08" "2.3.1" Must [ClientCredentials]
        "Requests that carry a secret are not taken over plain http" => auth::plain_http;
    "RFC6749-24" "3.2" Must [ClientCredentials]
        "Tokens are issued on POST only" => request::get;
    "RFC6749-25" "3.2" Must [ClientCredentials]
        "Unknown parameters are ignored, empty ones count as absent, repeated ones are refused"
        => request::parameters;
    "RFC6749-26" "3.2" Must [ClientCredentials]
        "The request body is form-encoded; parameters in another format issue nothing"
        => request::json_body;
    "RFC6749-27" "3.2.1" Must [ClientCredentials]
        "A confidential client that does not authenticate gets no token" => auth::no_credentials;
    "RFC6749-29" "3.3" Must [ClientCredentials]
        "The order of scopes is of no importance, their case is" => request::scope_order_and_case;
    "RFC6749-30" "3.3" Must [ClientCredentials]
        "If less is granted than was asked for, the response says what" => request::narrowed_scope;
    "RFC6749-31" "3.3" Must [ClientCredentials]
        "Without a scope in the request there is a fixed default, or invalid_scope"
        => request::no_scope;
    "RFC6749-42" "5.2" Must [ClientCredentials]
        "error and error_description stay within their characters, whatever the request holds"
        => request::error_characters;
    "RFC6749-44" "3.2.1" Must [ClientCredentials]
        "Credentials are verified before anything is said about the grant" => auth::verified_first;
    "RFC6749-48" "4.4" Must [ClientCredentials]
        "A public client cannot use the client credentials grant" => grants::public_client;
    "RFC6749-49" "4.4.3" Should [ClientCredentials]
        "The client credentials grant gives no refresh token" => response::no_refresh_token;
    "RFC6749-50" "4.5" Must [ClientCredentials]
        "An unknown grant type gets unsupported_grant_type" => grants::unknown;
    "RFC6749-51" "5.1" Must [ClientCredentials, Password, RefreshToken]
        "Success is 200 with JSON that holds access_token and token_type" => response::success;
    "RFC6749-52" "5.1" Should [ClientCredentials]
        "The response says in how many seconds the token expires" => response::expires_in;
    "RFC6749-53" "5.1" Must [ClientCredentials, Password, RefreshToken]
        "Responses of the token endpoint, errors too, forbid caching" => response::not_cached;
    "RFC6749-54" "5.2" Must [ClientCredentials, Password, RefreshToken]
        "A request without a parameter that it needs gets 400 with JSON that says invalid_request"
        => grants::missing;
    "RFC6749-55" "5.2" Must [ClientCredentials]
        "Failing with the Authorization header gets 401 and a challenge of the same scheme"
        => auth::failed_basic;
    "RFC6749-56" "5.2" Must [ClientCredentials, Password, RefreshToken]
        "A client that may not use the grant gets unauthorized_client" => grants::not_allowed;
    "RFC6749-57" "5.2" Must [ClientCredentials, Password, RefreshToken]
        "A refresh token or code that was never issued, or a wrong password, gets invalid_grant"
        => grants::garbage;
    "RFC6749-58" "6" Must [RefreshToken]
        "A confidential client that does not authenticate cannot refresh" => refresh::authenticated;
    "RFC6749-59" "6" Must [RefreshToken]
        "A refresh token is of no use to another client" => refresh::bound_to_client;
    "RFC6749-60" "6" Must [RefreshToken]
        "Asking at refresh for more scope than was granted gets invalid_scope" => refresh::more_scope;
    "RFC6749-61" "6" Must [RefreshToken]
        "A refresh that names no scope gives the one that was granted" => refresh::same_scope;
    "RFC6749-62" "6" Must [RefreshToken]
        "A refresh for less scope leaves the rest to the next refresh" => refresh::narrowed_for_once;
    "RFC6749-63" "10.10" Must [ClientCredentials, RefreshToken]
        "Tokens are guessed with a probability of at most 2^-128" => response::hard_to_guess;
    "RFC6749-64" "10.10" Should [ClientCredentials, RefreshToken]
        "Tokens are guessed with a probability of at most 2^-160" => response::harder_to_guess;
}
