extension Behaviour {
    /// Does something else for the first `count` attempts of each body.
    public func failing(first count: Int, with failure: Behaviour) -> Behaviour {
        Behaviour { request in (request.attempt <= count ? failure : self).plan(request) }
    }

    /// Does something else for given shares of the requests: `[(0.05, .status(429)), (0.01, .drop(.beforeHead))]`.
    ///
    /// The seed, the request's body and the number of the attempt decide, and nothing else, so that a run has the same
    /// faults again in whatever order its requests arrive. Shares that add up to more than 1 leave nothing to the
    /// original behaviour.
    public func mixed(
        seed: UInt64, with alternatives: [(share: Double, behaviour: Behaviour)]
    ) -> Behaviour {
        Behaviour { request in
            var point = request.bodyHash.uniform(seed: seed, attempt: request.attempt)
            for alternative in alternatives {
                if point < alternative.share { return alternative.behaviour.plan(request) }
                point -= alternative.share
            }
            return plan(request)
        }
    }
}
