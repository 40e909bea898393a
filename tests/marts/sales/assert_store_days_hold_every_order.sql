{# Fails when the days of a store do not add up to its orders: one before the opening,
   without a store or a customer, or counted twice. #}
with

days as (

    select
        store_key,
        sum(order_count) as order_count
    from {{ ref('fct_store_customers_daily') }}
    group by store_key

),

orders as (

    select
        store_key,
        count(*) as order_count
    from {{ ref('fct_orders') }}
    group by store_key

)

select
    orders.store_key,
    orders.order_count,
    days.order_count as counted
from orders
full outer join days on orders.store_key = days.store_key
where coalesce(orders.order_count, 0) <> coalesce(days.order_count, 0)
