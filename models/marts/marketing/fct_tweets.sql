{{ config(unique_key='tweet_id') }}

with

tweets as (

    select * from {{ ref('stg_ecom__tweets') }}

),

customers as (

    select * from {{ ref('int_customers_versioned') }}

),

tweet_openings as (

    select * from {{ ref('tweet_openings') }}

),

fct_tweets as (

    select
        tweets.tweet_id,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        {{ date_key('tweets.tweeted_at') }} as tweet_date_key,

        tweets.tweet_text,
        coalesce(tweet_openings.sentiment, {{ unknown_key() }}) as sentiment,

        tweets.tweeted_at,

        greatest(tweets._loaded_at, customers._loaded_at) as _loaded_at

    from tweets
    left join customers
        on
            tweets.customer_id = customers.customer_id
            and tweets.tweeted_at >= customers.valid_from
            and tweets.tweeted_at < customers.valid_to
    left join tweet_openings
        on tweets.tweet_text like concat(tweet_openings.opening, '%')
    where
        {{ loaded_since_last_build(['tweets._loaded_at', 'customers._loaded_at']) }}

)

select * from fct_tweets
