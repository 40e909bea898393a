{# Fails when an incremental build missed an order, a correction, or kept too much. #}
with

orders as (

    select * from {{ ref('stg_ecom__orders') }}

),

fct_orders as (

    select * from {{ ref('fct_orders') }}

)

select
    orders.order_id as sent_order_id,
    fct_orders.order_id as held_order_id
from orders
full outer join fct_orders on orders.order_id = fct_orders.order_id
where
    orders.order_id is null
    or fct_orders.order_id is null
    or orders.total_usd <> fct_orders.total_usd
    or orders.ordered_at <> fct_orders.ordered_at
