{{ config(unique_key='order_id', partition_by=['month(ordered_at)']) }}

with

orders as (

    select * from {{ ref('int_orders_itemized') }}

),

customers as (

    select * from {{ ref('int_customers_versioned') }}

),

day_parts as (

    select * from {{ ref('day_parts') }}

),

orders_joined as (

    select
        orders.*,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        day_parts.day_part,
        orders.food_count > 0 as has_food,
        orders.drink_count > 0 as has_drink,
        orders.tax_usd = 0 and orders.subtotal_usd > 0 as is_tax_exempt,
        greatest(orders._loaded_at, customers._loaded_at) as _newest_loaded_at
    from orders
    left join customers
        on
            orders.customer_id = customers.customer_id
            and orders.ordered_at >= customers.valid_from
            and orders.ordered_at < customers.valid_to
    left join day_parts
        on
            extract(hour from orders.ordered_at) >= day_parts.from_hour
            and extract(hour from orders.ordered_at) < day_parts.until_hour

),

fct_orders as (

    select
        order_id,
        customer_key,
        {{ surrogate_key(['store_id']) }} as store_key,
        {{ order_profile_key() }} as order_profile_key,
        {{ date_key('ordered_at') }} as order_date_key,

        item_count,
        food_count,
        subtotal_usd,
        tax_usd,
        total_usd,
        supply_cost_usd,
        cast(subtotal_usd - supply_cost_usd as decimal(18, 2)) as gross_profit_usd,

        cast(ordered_at as date) as order_date,
        ordered_at,

        _newest_loaded_at as _loaded_at

    from orders_joined
    where {{ loaded_since_last_build(['_newest_loaded_at']) }}

)

select * from fct_orders
