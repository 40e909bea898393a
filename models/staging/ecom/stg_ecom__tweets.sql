with

tweets as (

    {{ latest_by_key(source('ecom', 'tweets'), ['id']) }}

),

renamed as (

    select
        id as tweet_id,
        user_id as customer_id,

        trim(content) as tweet_text,

        tweeted_at,

        _loaded_at

    from tweets

)

select * from renamed
